// SPDX-License-Identifier: MIT
#include <algorithm>
#include <cstdio>
#include <optional>
#include <string>
#include <vector>

#include "quanta/exit_code.h"
#include "runtime/cli/commands.h"
#include "runtime/cli/error.h"
#include "runtime/cli/input.h"
#include "runtime/cli/interrupt.h"
#include "runtime/cli/live_session.h"
#include "runtime/cli/measure.h"
#include "runtime/cli/output.h"
#include "runtime/cli/prompt.h"

namespace quanta::cli {
namespace {

class RunCommand {
 public:
  void Define(CLI::App* command) {
    model_options_.Define(command);
    auto* prompt = command->add_option("-p,--prompt", prompt_,
                                       "What to say or to continue; default: the standard input");
    auto* ids = command->add_option("--ids", ids_, "The prompt as token ids, like 1,2,3");
    command->add_option("--system", system_, "What to tell the model about its task");
    command->add_flag("--raw", raw_, "Continue the prompt as plain text: no chat template");
    command->add_flag("--parse-special", parse_special_,
                      "Let special tokens spelled out in the prompt count as such");
    command->add_flag("--print-ids", print_ids_,
                      "Print the ids of the answer on one line instead of its text; the token "
                      "that ended it is one of them");
    command->add_flag("--stats", stats_, "Print times and memory on the standard error");
    sample_options_.Define(command);
    context_options_.Define(command);
    prompt->excludes(ids);
    prompt_given_ = prompt;
  }

  int Run() {
    const std::vector<int32_t> given =
        ids_.empty() ? std::vector<int32_t>() : ParseIds(ids_, "--ids");
    if (given.empty() && prompt_given_->count() == 0) prompt_ = ReadPrompt();
    Stats stats;
    const Model model = model_options_.Open();
    stats.loaded = stats.start.Seconds();
    const std::vector<int32_t> ids = given.empty() ? Encode(model) : given;
    if (ids.empty()) throw Error(Code::kInvalidArgument, "", "the prompt is empty");

    SampleOptions::Storage storage;
    const GenerateOptions options = sample_options_.Options(&storage);
    LiveSession live(model, Planned(model, ids.size()), model_options_.path);
    const Stopwatch feeding;
    if (!live.Feed(ids)) return Stop();
    stats.fed = feeding.Seconds();

    const std::optional<StopReason> reason = Answer(live, options, &stats);
    if (!reason) return Stop();
    if (stats_) Print(stats, ids.size(), live, options.sampling.seed);
    if (*reason == StopReason::kContextFull) {
      Complain("quanta: the answer was cut: the context is full (" +
               std::to_string(live.session().context()) + " tokens)");
    }
    return 0;
  }

 private:
  struct Stats {
    Stopwatch start;
    double loaded = 0, fed = 0, first = 0, answered = 0;  ///< seconds
    size_t answer = 0;                                    ///< tokens
  };

  /// Prints the answer. Nothing if it was interrupted.
  std::optional<StopReason> Answer(LiveSession& live, const GenerateOptions& options,
                                   Stats* stats) const {
    Generator generator = live.Generate(options);
    const Stopwatch answering;
    StopReason reason = StopReason::kNone;
    std::vector<int32_t> ids;
    bool ends_line = false;
    while (reason == StopReason::kNone) {
      if (Interrupted()) return std::nullopt;
      ErrorDetail detail;
      const Generator::Step step = Value(generator.Next(&detail), detail, model_options_.path);
      if (ids.empty()) stats->first = stats->start.Seconds();
      if (step.id >= 0) ids.push_back(step.id);
      if (!print_ids_ && !step.text.empty()) {
        Say(step.text);
        ends_line = step.text.back() == '\n';
      }
      reason = step.stop;
    }
    if (print_ids_) {
      Write(JoinIds(ids) + "\n");
    } else if (!ends_line) {
      Write("\n");
    }
    stats->answered = answering.Seconds();
    stats->answer = ids.size();
    return reason;
  }

  static std::string ReadPrompt() {
    if (InputIsTerminal()) {
      throw Error(Code::kInvalidArgument, "", "there is no prompt",
                  "give one with -p, or on the standard input");
    }
    std::string text = ReadText("-");
    // echo and editors end a text with a line end that nobody means.
    if (text.ends_with('\n')) text.pop_back();
    return text;
  }

  std::vector<int32_t> Encode(const Model& model) const {
    const std::string& path = model_options_.path;
    if (raw_ || !model.info().has_chat_template) {
      if (!system_.empty()) {
        throw Error(Code::kInvalidArgument, "--system",
                    raw_ ? "cannot go with --raw" : "the model has no chat template",
                    "put it into the prompt");
      }
      return EncodeText(model, prompt_, {.add_special = true, .parse_special = parse_special_},
                        path);
    }
    Conversation conversation;
    if (!system_.empty()) conversation.Add(ChatRole::kSystem, system_);
    conversation.Add(ChatRole::kUser, prompt_);
    return EncodeConversation(model, conversation,
                              {.generation_prompt = true, .parse_special = parse_special_}, path);
  }

  /// No more memory than this prompt and its answer need.
  SessionOptions Planned(const Model& model, size_t prompt) const {
    SessionOptions options = context_options_.Options();
    const uint32_t limit = options.context != 0 ? options.context : model.info().context;
    if (prompt > limit) ThrowPromptTooLong(model_options_.path, prompt, limit, model);
    if (options.context == 0) {
      options.context = static_cast<uint32_t>(
          std::min<uint64_t>(limit, uint64_t{prompt} + sample_options_.max_tokens));
    }
    return options;
  }

  int Stop() const {
    if (OutputIsTerminal()) Write("\n");
    Complain("quanta: interrupted");
    return ExitCode(Code::kCancelled);
  }

  static void Print(const Stats& stats, size_t prompt, LiveSession& live, uint64_t seed) {
    constexpr double kMiB = 1 << 20;
    char text[512];
    std::snprintf(text, sizeof(text),
                  "prompt  %zu tokens, %.1f tokens/s\n"
                  "answer  %zu tokens, %.1f tokens/s\n"
                  "load    %.1f ms; first token after %.1f ms\n"
                  "memory  session %.1f MiB, peak %.1f MiB\n"
                  "threads %d; seed %llu",
                  prompt, Rate(prompt, stats.fed), stats.answer, Rate(stats.answer, stats.answered),
                  stats.loaded * 1e3, stats.first * 1e3, static_cast<double>(live.bytes()) / kMiB,
                  static_cast<double>(platform::PeakResidentBytes()) / kMiB, live.session().threads(),
                  static_cast<unsigned long long>(seed));
    Complain(text);
  }

  ModelOptions model_options_;
  ContextOptions context_options_;
  SampleOptions sample_options_;
  std::string prompt_, ids_, system_;
  bool raw_ = false, parse_special_ = false, print_ids_ = false, stats_ = false;
  CLI::Option* prompt_given_ = nullptr;
};

}  // namespace

void AddRun(CLI::App& app, Action* action) {
  AddCommand<RunCommand>(app, action, "run", "Answer or continue a prompt");
}

}  // namespace quanta::cli
