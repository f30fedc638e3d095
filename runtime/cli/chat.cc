// SPDX-License-Identifier: MIT
#include <algorithm>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "quanta/exit_code.h"
#include "runtime/cli/commands.h"
#include "runtime/cli/error.h"
#include "runtime/cli/input.h"
#include "runtime/cli/interrupt.h"
#include "runtime/cli/live_session.h"
#include "runtime/cli/output.h"
#include "runtime/cli/prompt.h"

namespace quanta::cli {
namespace {

// Without --context: enough for a long talk, and little memory.
constexpr uint32_t kUsualContext = 4096;

constexpr std::string_view kHelp =
    "  /reset        start over\n"
    "  /system TEXT  tell the model about its task, and start over\n"
    "  /help         this\n"
    "  /exit         leave (so does Ctrl-D)\n"
    "  Ctrl-C stops an answer.\n";

class ChatCommand {
 public:
  void Define(CLI::App* command) {
    model_options_.Define(command);
    command->add_option("--system", system_, "What to tell the model about its task");
    command->add_flag("--raw", raw_, "Continue what is typed as plain text: no chat template");
    command->add_flag("--parse-special", parse_special_,
                      "Let special tokens spelled out in messages count as such");
    sample_options_.Define(command);
    context_options_.Define(command);
  }

  int Run() {
    const Model model = model_options_.Open();
    if (!raw_ && !model.info().has_chat_template) {
      throw Error(Code::kUnsupported, model_options_.path, "the model has no chat template",
                  "use quanta run, or --raw to continue text");
    }
    if (raw_ && !system_.empty()) {
      throw Error(Code::kInvalidArgument, "--system", "cannot go with --raw");
    }
    SessionOptions options = context_options_.Options();
    if (options.context == 0) options.context = std::min(model.info().context, kUsualContext);
    LiveSession live(model, options, model_options_.path);
    model_ = &model;
    live_ = &live;
    interactive_ = InputIsTerminal();
    generate_options_ = sample_options_.Options(&storage_);
    Reset();
    if (interactive_) Write("/help lists the commands.\n");
    return Loop();
  }

 private:
  int Loop() {
    LineReader reader;
    std::string line;
    bool warned = false;
    while (true) {
      if (interactive_) Write("> ");
      switch (reader.Next(&line)) {
        case LineReader::Event::kInterrupted:
          if (warned || !interactive_) {
            if (interactive_) Write("\n");
            return ExitCode(Code::kCancelled);
          }
          warned = true;
          ClearInterrupt();
          Write("\nCtrl-C again, Ctrl-D or /exit leaves.\n");
          continue;
        case LineReader::Event::kEnd:
          if (interactive_) Write("\n");
          return 0;
        case LineReader::Event::kLine:
          break;
      }
      warned = false;
      if (line.empty()) continue;
      if (line == "/exit" || line == "/quit") return 0;
      if (line.front() == '/') {
        Obey(line);
      } else {
        Answer(line);
      }
    }
  }

  void Obey(std::string_view line) {
    if (line == "/help") {
      Write(kHelp);
    } else if (line == "/reset") {
      Reset();
    } else if (!raw_ && (line == "/system" || line.starts_with("/system "))) {
      system_ = line.substr(std::min<size_t>(line.size(), 8));
      Reset();
    } else {
      Complain("quanta: there is no command " + std::string(line.substr(0, line.find(' '))) +
               "; /help lists them");
    }
  }

  void Reset() {
    conversation_.messages.clear();
    if (!system_.empty()) conversation_.Add(ChatRole::kSystem, system_);
    text_.clear();
  }

  /// What the model is to continue after the user said `line`.
  std::vector<int32_t> Prompt(const std::string& line) {
    const std::string& path = model_options_.path;
    if (raw_) {
      text_ += line;
      return EncodeText(*model_, text_, {.add_special = true, .parse_special = parse_special_},
                        path);
    }
    conversation_.Add(ChatRole::kUser, line);
    return EncodeConversation(*model_, conversation_,
                              {.generation_prompt = true, .parse_special = parse_special_}, path);
  }

  /// Feeds what the session does not hold yet. False if it was interrupted.
  bool CatchUp(const std::vector<int32_t>& ids) {
    Session& session = live_->session();
    const std::span<const int32_t> held = session.tokens();
    const auto differ = std::mismatch(held.begin(), held.end(), ids.begin(), ids.end()).second;
    // The last token is fed again if need be: its logits are what is sampled from.
    size_t shared = std::min(static_cast<size_t>(differ - ids.begin()), ids.size() - 1);
    // A sliding window may have dropped what a shorter prefix needs.
    if (!session.Truncate(shared).ok()) {
      shared = 0;
      Check(session.Truncate(0), ErrorDetail(), model_options_.path);
    }
    return live_->Feed(std::span(ids).subspan(shared));
  }

  void Answer(const std::string& line) {
    const Conversation before = conversation_;
    const std::string text_before = text_;
    const auto take_back = [&] {
      conversation_ = before;
      text_ = text_before;
    };
    std::vector<int32_t> ids;
    try {
      ids = Prompt(line);
    } catch (const Error& error) {
      // A refusal of the template ends the turn, not the talk.
      if (error.code() != Code::kLimit) throw;
      take_back();
      Complain(std::string("quanta: ") + error.what());
      return;
    }
    if (ids.empty()) return take_back();
    const uint32_t context = live_->session().context();
    if (ids.size() >= context) {
      take_back();
      Complain("quanta: the context is full (" + std::to_string(ids.size()) + " of " +
               std::to_string(context) + " tokens); /reset starts over");
      return;
    }
    if (!CatchUp(ids)) {
      ClearInterrupt();
      take_back();
      Write("\n");
      return;
    }
    Stream();
  }

  void Stream() {
    // One generator's seed must not make every answer start alike.
    GenerateOptions options = generate_options_;
    options.sampling.seed += answers_++;
    Generator generator = live_->Generate(options);
    std::string answer;
    StopReason reason = StopReason::kNone;
    try {
      while (reason == StopReason::kNone && !Interrupted()) {
        ErrorDetail detail;
        const Generator::Step step = Value(generator.Next(&detail), detail, model_options_.path);
        answer += step.text;
        Say(step.text);
        reason = step.stop;
      }
    } catch (const Error& error) {
      if (error.code() != Code::kCancelled) throw;
    }
    ClearInterrupt();
    if (!answer.ends_with('\n')) Write("\n");
    if (raw_) {
      text_ += answer;
    } else {
      conversation_.Add(ChatRole::kAssistant, answer);
    }
    if (reason == StopReason::kContextFull) {
      Complain("quanta: the answer was cut: the context is full (" +
               std::to_string(live_->session().context()) + " tokens); /reset starts over");
    }
  }

  ModelOptions model_options_;
  ContextOptions context_options_;
  SampleOptions sample_options_;
  SampleOptions::Storage storage_;
  GenerateOptions generate_options_;
  std::string system_;
  bool raw_ = false, parse_special_ = false, interactive_ = false;

  const Model* model_ = nullptr;
  LiveSession* live_ = nullptr;
  Conversation conversation_;
  std::string text_;  ///< with --raw, instead of the conversation
  uint64_t answers_ = 0;
};

}  // namespace

void AddChat(CLI::App& app, Action* action) {
  AddCommand<ChatCommand>(app, action, "chat", "Talk with a model");
}

}  // namespace quanta::cli
