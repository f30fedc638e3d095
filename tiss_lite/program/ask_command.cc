// SPDX-License-Identifier: MIT
//
// A request in, a plan out: ask.
#include <optional>

#include "runtime/cli/error.h"
#include "runtime/cli/interrupt.h"
#include "runtime/cli/output.h"
#include "tiss_lite/base/chars.h"
#include "tiss_lite/program/add_command.h"
#include "tiss_lite/program/diagnostics.h"
#include "tiss_lite/program/draft.h"
#include "tiss_lite/program/files.h"
#include "tiss_lite/program/model_agent.h"
#include "tiss_lite/program/run_base.h"

namespace quanta::lite::program {
namespace {

constexpr uint32_t kMostTries = 16;

class AskCommand : RunBase {
 public:
  void Define(CLI::App* command) {
    command->add_option("REQUEST", request_, "What the plan should do, in words")->required();
    script_.DefineForm(command);
    sandbox_.Define(command);
    DefineHost(command);
    DefineCommit(command);
    command->get_option("--agent")->required()->default_str("")->description(
        "Who writes the plan, and answers its prompts: model:FILE, script:FILE or echo");
    review_given_ = command->get_option("--review")->default_str("ask on a terminal, or suspend");
    command->add_flag("--yes", yes_, "Run the plan without asking");
    auto* dry = command->add_flag("--dry-run", dry_run_, "Only show the plan and what it would do");
    dry->excludes("--yes")->excludes("--commit");
    command->add_option("--tries", tries_, "How many plans to ask for, at most, until one is good")
        ->check(CLI::Range(uint32_t{1}, kMostTries))
        ->capture_default_str();
    auto* output = command->add_option("-o,--output", output_, "Write the plan to this file");
    command->add_option("--save", save_, "Where a suspended run goes, for `resume`")->needs(output);
  }

  int Run() {
    if (Trim(request_).empty()) {
      throw cli::Error(Code::kInvalidArgument, "REQUEST", "is empty",
                       "say what the plan should do");
    }
    // Whoever is to say yes must see the plan and the question.
    interactive_ = cli::InputIsTerminal() && cli::OutputIsTerminal() && cli::ErrorIsTerminal() &&
                   !script_.json;
    if (review_given_->count() == 0 && interactive_) review_ = "ask";
    OpenHost();
    if (agent_made_ == nullptr) {
      throw cli::Error(Code::kInvalidArgument, "--agent", "somebody must write the plan",
                       "model:FILE, for one");
    }
    cli::WatchInterrupts();
    const Draft draft = MakeDraft();
    if (!output_.empty()) ReplaceFile(output_, draft.script.source.text());
    if (!script_.json) ShowDraft(draft);
    const std::optional<int> code = ReasonNotToRun(draft);
    if (!code) {
      LoadScript(draft.script);
      RunAll(script_.json);
    }
    if (!script_.json) return code ? *code : Finish(draft);
    if (!code) {
      CommitIfDone();
      SaveIfSuspended();
    }
    WriteJson(draft, !code);
    return code ? *code : ExitCodeOf(engine_->status());
  }

 private:
  Draft MakeDraft() {
    DraftOptions options;
    options.request = request_;
    options.name = output_.empty() ? "plan" : output_;
    const auto* model = dynamic_cast<const ModelAgent*>(agent_made_.get());
    if (model != nullptr && model->has_chat_template()) {
      options.primer = PrimerFor(profile_, tools_);
    }
    options.strict = script_.strict;
    options.sandbox = &sandbox_;
    options.max_tokens = profile_.limits.new_tokens;
    options.seed = seed_;
    options.tries = tries_;
    return DraftPlan(*agent_made_, options);
  }

  void ShowDraft(const Draft& draft) const {
    std::string text = draft.script.source.text();
    if (!text.empty() && !text.ends_with('\n')) text += '\n';
    cli::Say(text);
    Show(draft.script.source, draft.found);
    if (draft.plan) cli::Say("\n" + PlanText(*draft.plan));
    if (draft.cut) {
      cli::Complain("tiss-lite: the plan was cut: it came to " +
                    std::to_string(profile_.limits.new_tokens) +
                    " tokens (the profile's max_new_tokens) or to the end of the model's context");
    }
  }

  /// The exit code if the plan is not to be run; says why.
  std::optional<int> ReasonNotToRun(const Draft& draft) {
    const auto refuse = [](const std::string& why, int code) {
      cli::Complain("tiss-lite: not run: " + why);
      return code;
    };
    if (!draft.good()) {
      const std::string tries =
          draft.tries > 1 ? "; " + std::to_string(draft.tries) + " tries gave no better one" : "";
      if (draft.empty()) return refuse("the answer holds no plan" + tries, 1);
      if (!draft.script.parsed.ok()) return refuse("the plan does not parse" + tries, kParseError);
      return refuse("the plan has errors" + tries, 1);
    }
    if (dry_run_) return 0;
    if (yes_) return std::nullopt;
    constexpr int kWaits = 5;
    if (!interactive_) return refuse("nobody is there to say yes; --yes runs it", kWaits);
    switch (Ask("run it? y or n")) {
      case Terminal::Answer::kYes:
        return std::nullopt;
      case Terminal::Answer::kNo:
        return refuse("you said no", 1);
      case Terminal::Answer::kNone:
        break;
    }
    return refuse("nobody said yes", kWaits);
  }

  Terminal::Answer Ask(const std::string& question) {
    const Terminal::Answer answer = terminal_.Ask("tiss-lite: " + question, nullptr);
    if (cli::Interrupted()) {
      throw cli::Error(Code::kCancelled, "", "interrupted", "nothing was written");
    }
    return answer;
  }

  int Finish(const Draft& draft) {
    const bool may_commit = engine_->status() == RunStatus::kOk && folder_ != nullptr &&
                            !engine_->state().files.Changes().empty();
    if (interactive_ && !yes_ && !commit_ && may_commit) {
      ShowChanges();
      commit_ = Ask("write these changes to " + root_ + "? y or n") == Terminal::Answer::kYes;
      CommitIfDone();
      ShowEnd(draft.script);
      return 0;
    }
    return RunBase::Finish(draft.script);
  }

  void WriteJson(const Draft& draft, bool ran) const {
    JsonWriter json(2);
    json.BeginObject();
    json.Key("request").String(request_);
    json.Key("plan").String(draft.script.source.text());
    json.Key("tries").Number(draft.tries);
    json.Key("cut").Boolean(draft.cut);
    json.Key("ok").Boolean(draft.good());
    json.Key("diagnostics").BeginList();
    for (const Diagnostic& each : draft.found) WriteDiagnostic(each, &json);
    json.EndList();
    json.Key("dry_run");
    if (draft.plan) {
      WritePlan(*draft.plan, &json);
    } else {
      json.Null();
    }
    json.Key("committed").Boolean(committed_);
    json.Key("result");
    if (ran) {
      engine_->WriteResult(&json);
    } else {
      json.Null();
    }
    json.EndObject();
    cli::Write(json.text() + "\n");
  }

  std::string request_, output_;
  bool yes_ = false, dry_run_ = false, interactive_ = false;
  uint32_t tries_ = 3;
  CLI::Option* review_given_ = nullptr;
};

}  // namespace

void AddAsk(CLI::App& app, Action* action) {
  AddCommand<AskCommand>(app, action, "ask", "Have a model write a plan, check it, and run it");
}

}  // namespace quanta::lite::program
