// SPDX-License-Identifier: MIT
#include <exception>
#include <string>
#include <vector>

#include "quanta/exit_code.h"
#include "runtime/cli/commands.h"
#include "runtime/cli/error.h"
#include "runtime/cli/input.h"
#include "runtime/cli/interrupt.h"
#include "runtime/cli/live_session.h"
#include "runtime/cli/npy.h"

namespace quanta::cli {
namespace {

class LogitsCommand {
 public:
  LogitsCommand() { context_options_.kv = "f32"; }

  void Define(CLI::App* command) {
    model_options_.Define(command);
    command->add_option("--ids", ids_, "Token ids, like 1,2,3")->required();
    command->add_option("-o,--output", output_, "The .npy file to write")->required();
    context_options_.Define(command);
    command->footer("Writes float32 [tokens, vocabulary]: row i is what follows token i.");
  }

  int Run() {
    const std::vector<int32_t> ids = ParseIds(ids_, "--ids");
    const Model model = model_options_.Open();
    SessionOptions options = context_options_.Options();
    const uint32_t limit = options.context != 0 ? options.context : model.info().context;
    if (ids.size() > limit) ThrowPromptTooLong(model_options_.path, ids.size(), limit, model);
    options.context = static_cast<uint32_t>(ids.size());
    options.all_logits = true;
    LiveSession live(model, options, model_options_.path);

    NpyWriter writer(output_, ids.size(), model.info().vocab);
    Task task = {&writer, nullptr};
    Session::FeedHooks hooks;
    hooks.context = &task;
    hooks.proceed = [](void* context, size_t, size_t) {
      return !Interrupted() && static_cast<Task*>(context)->failure == nullptr;
    };
    hooks.on_logits = [](void* context, size_t, std::span<const float> logits) {
      // The library knows no exceptions: none may pass through it.
      Task& here = *static_cast<Task*>(context);
      if (here.failure != nullptr) return;
      try {
        here.writer->Append(logits);
      } catch (...) {
        here.failure = std::current_exception();
      }
    };
    ErrorDetail detail;
    const auto result = live.session().Feed(ids, hooks, &detail);
    if (task.failure != nullptr) std::rethrow_exception(task.failure);
    if (result.status().code() == Code::kCancelled) {
      throw Error(Code::kCancelled, "", "interrupted", "nothing was written");
    }
    Check(result.status(), detail, model_options_.path);
    writer.Finish();
    return 0;
  }

 private:
  struct Task {
    NpyWriter* writer;
    std::exception_ptr failure;
  };

  ModelOptions model_options_;
  ContextOptions context_options_;
  std::string ids_, output_;
};

}  // namespace

void AddLogits(CLI::App& app, Action* action) {
  AddCommand<LogitsCommand>(app, action, "logits", "Write the logits of every position to a file");
}

}  // namespace quanta::cli
