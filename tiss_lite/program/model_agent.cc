// SPDX-License-Identifier: MIT
#include "tiss_lite/program/model_agent.h"

#include <algorithm>
#include <exception>
#include <utility>

#include "quanta/generator.h"
#include "runtime/cli/error.h"
#include "runtime/cli/interrupt.h"
#include "runtime/cli/live_session.h"
#include "runtime/cli/measure.h"
#include "runtime/cli/options.h"
#include "runtime/cli/output.h"
#include "runtime/cli/prompt.h"
#include "tiss_lite/base/chars.h"

namespace quanta::lite::program {
namespace {

Model Open(const std::string& path) {
  cli::ModelOptions options;
  options.path = path;
  Model model = options.Open();
  if (model.tokenizer().vocab() > 0) return model;
  throw cli::Error(Code::kUnsupported, path, "the model has no tokenizer");
}

/// How far an answer is, on a line of the terminal that is wiped at the end.
class Ticker {
 public:
  explicit Ticker(size_t prompt) : terminal_(cli::ErrorIsTerminal()) {
    Draw("the model reads " + std::to_string(prompt) + " tokens");
  }
  ~Ticker() { Draw(""); }
  Ticker(const Ticker&) = delete;
  Ticker& operator=(const Ticker&) = delete;

  void Show(uint32_t written) {
    constexpr double kEvery = 0.1;  // seconds
    if (watch_.Seconds() - shown_ < kEvery) return;
    shown_ = watch_.Seconds();
    Draw("the model has written " + std::to_string(written) + " tokens");
  }

 private:
  void Draw(const std::string& line) const {
    if (terminal_) cli::ComplainInPlace(line);
  }
  bool terminal_;
  cli::Stopwatch watch_;
  double shown_ = 0;
};

const char* NameOf(StopReason reason) {
  switch (reason) {
    case StopReason::kNone:
    case StopReason::kStopToken:
      return "end";
    case StopReason::kStopString:
      return "stop";
    case StopReason::kMaxTokens:
      return "tokens";
    case StopReason::kContextFull:
      return "context";
  }
  return "";
}

std::string Joined(const std::string& brief, const std::string& prompt) {
  return brief.empty() ? prompt : Concat(brief, "\n\n", prompt);
}

AgentReply Failed(std::string why) {
  AgentReply reply;
  reply.ok = false;
  reply.text = std::move(why);
  return reply;
}

}  // namespace

std::string BriefOf(const AgentRequest& request) {
  std::string brief;
  const auto add = [&](std::string_view line) {
    if (!brief.empty()) brief += '\n';
    brief += line;
  };
  if (!request.persona.empty()) add(request.persona);
  if (!request.lens.empty()) add(Concat("Look at it this way: ", request.lens));
  if (!request.language.empty()) add(Concat("Answer in this language: ", request.language));
  if (request.json) add("Answer with one JSON value and nothing else.");
  return brief;
}

ModelAgent::ModelAgent(const std::string& path, AgentDate date)
    : path_(path), date_(date), model_(Open(path)) {}

std::vector<int32_t> ModelAgent::EncodeChat(const std::string& system,
                                            const std::string& user) const {
  cli::Conversation conversation;
  if (!system.empty()) conversation.Add(ChatRole::kSystem, system);
  conversation.Add(ChatRole::kUser, user);
  const LocalTime fixed;
  RenderOptions options;
  if (date_ == AgentDate::kFixed) options.now = &fixed;
  return cli::EncodeConversation(model_, conversation, options, path_);
}

std::vector<int32_t> ModelAgent::Encode(const AgentRequest& request) const {
  const std::string brief = BriefOf(request);
  if (!has_chat_template()) {
    std::string text = Joined(brief, request.prompt);
    if (!text.ends_with('\n')) text += '\n';
    return cli::EncodeText(model_, text, {}, path_);
  }
  if (brief.empty()) return EncodeChat("", request.prompt);
  try {
    return EncodeChat(brief, request.prompt);
  } catch (const cli::Error&) {
    // Some templates refuse system messages. What else may be wrong is said by this:
    return EncodeChat("", Joined(brief, request.prompt));
  }
}

uint64_t ModelAgent::CountTokens(std::string_view text) {
  EncodeOptions options;
  options.add_special = false;
  TokenBuffer ids;
  // A text that cannot be encoded is no prompt either, which Answer() will say.
  return model_.tokenizer().Encode(text, options, &ids).ok() ? ids.size() : 0;
}

uint64_t ModelAgent::CountPrompt(const AgentRequest& request) {
  try {
    return Encode(request).size();
  } catch (const std::exception&) {
    return CountTokens(request.prompt);
  }
}

AgentReply ModelAgent::Answer(const AgentRequest& request) {
  // The engine, which asks, is built without exceptions.
  try {
    return Generate(request);
  } catch (const std::exception& error) {
    return Failed(error.what());
  }
}

AgentReply ModelAgent::Generate(const AgentRequest& request) const {
  const std::vector<int32_t> ids = Encode(request);
  uint32_t context = model_.info().context;
  if (request.context > 0) context = std::min(context, request.context);
  if (ids.size() >= context) {
    return Failed(Concat(path_, ": the prompt has ", std::to_string(ids.size()),
                         " tokens, the context holds ", std::to_string(context)));
  }
  SessionOptions session;
  session.context =
      static_cast<uint32_t>(std::min<uint64_t>(context, ids.size() + request.max_tokens));
  cli::LiveSession live(model_, session, path_);

  const std::vector<std::string_view> stops(request.stop.begin(), request.stop.end());
  GenerateOptions options;
  options.sampling.temperature = static_cast<float>(request.temperature);
  options.sampling.top_p = static_cast<float>(request.top_p);
  options.sampling.seed = request.seed;
  options.max_tokens = request.max_tokens;
  options.stops = stops;

  Ticker ticker(ids.size());
  if (!live.Feed(ids)) return Failed("interrupted");
  Generator generator = live.Generate(options);
  AgentReply reply;
  for (StopReason reason = StopReason::kNone; reason == StopReason::kNone;) {
    if (cli::Interrupted()) return Failed("interrupted");
    ErrorDetail detail;
    const Generator::Step step = cli::Value(generator.Next(&detail), detail, path_);
    reply.text += step.text;
    reason = step.stop;
    reply.stopped_by = NameOf(reason);
    ticker.Show(generator.tokens());
  }
  reply.prompt_tokens = ids.size();
  reply.new_tokens = generator.tokens();
  return reply;
}

}  // namespace quanta::lite::program
