// SPDX-License-Identifier: MIT
//
// Commands that run a script, or take a run back: run, diff, resume, undo.
#include <utility>

#include "runtime/cli/error.h"
#include "runtime/cli/output.h"
#include "tiss_lite/base/json.h"
#include "tiss_lite/program/add_command.h"
#include "tiss_lite/program/commit.h"
#include "tiss_lite/program/diff.h"
#include "tiss_lite/program/run_base.h"
#include "tiss_lite/program/saved_run.h"

namespace quanta::lite::program {
namespace {

class RunCommand : RunBase {
 public:
  void Define(CLI::App* command) {
    DefineRun(command);
    command->add_flag("--dry-run", dry_run_, "Only say what it would do: `plan`");
    DefineCommit(command);
    command->add_option("--save", save_, "Where a suspended run goes, for `resume`");
  }

  int Run() {
    const Script script = script_.Read(Recovery::kStop);
    const std::vector<Diagnostic> errors = script_.Errors(script);
    if (!errors.empty()) return script_.Refuse(script, {errors[0]});
    if (dry_run_) {
      const std::unique_ptr<Agent> counter = MakeAgent(agent_, AgentDate::kFixed);
      return ShowPlan(script, script_, sandbox_, counter.get());
    }
    OpenHost();
    LoadScript(script);
    RunAll(script_.json);
    return Finish(script);
  }

 private:
  bool dry_run_ = false;
};

class DiffCommand : RunBase {
 public:
  void Define(CLI::App* command) {
    DefineRun(command);
    command->get_option("--root")->required();
  }

  int Run() {
    const Script script = script_.Read(Recovery::kStop);
    const std::vector<Diagnostic> errors = script_.Errors(script);
    if (!errors.empty()) return script_.Refuse(script, {errors[0]});
    OpenHost();
    LoadScript(script);
    RunAll(/*quiet=*/true);
    if (script_.json) {
      WriteJson();
    } else {
      ShowChanges();
      if (engine_->status() != RunStatus::kOk) ShowEnd(script);
    }
    return ExitCodeOf(engine_->status());
  }

 private:
  void WriteJson() const {
    JsonWriter json(2);
    json.BeginObject();
    json.Key("status").String(StatusName(engine_->status()));
    json.Key("error");
    engine_->WriteError(&json);
    json.Key("changes");
    WriteChanges(engine_->state().files.Changes(), &json);
    json.EndObject();
    cli::Write(json.text() + "\n");
  }
};

class ResumeCommand : RunBase {
 public:
  void Define(CLI::App* command) {
    DefineRun(command);
    DefineCommit(command);
    command->add_option("--token", token_, "The suspended run, from --save")->required();
    command->add_option("--answer", answer_, "approve or reject")
        ->required()
        ->check(CLI::IsMember({"approve", "reject"}));
    command->add_option("--comment", comment_, "What the review's INTO gets");
    command->add_option("--save", save_, "Where the run goes if it is suspended again");
  }

  int Run() {
    const Script script = script_.Read(Recovery::kStop);
    const std::vector<Diagnostic> errors = script_.Errors(script);
    if (!errors.empty()) return script_.Refuse(script, {errors[0]});
    OpenHost();
    LoadScript(script);
    const SavedRun saved = LoadRun(token_, folder_.get());
    if (commit_ && !saved.has_folder) {
      throw cli::Error(Code::kInvalidArgument, "--commit",
                       token_ + " does not say what the run saw of a folder",
                       "`run --root FOLDER --save FILE` keeps that");
    }
    const std::string wrong = engine_->Restore(saved.token);
    if (!wrong.empty()) throw cli::Error(Code::kCorrupt, token_, wrong);
    const bool approve = answer_ == "approve";
    engine_->Answer(
        {approve ? ReviewReply::Answer::kApprove : ReviewReply::Answer::kReject, comment_});
    RunAll(script_.json);
    return Finish(script);
  }

 private:
  std::string token_, answer_, comment_;
};

class UndoCommand {
 public:
  void Define(CLI::App* command) {
    command->add_option("FOLDER", root_, "The folder that was committed to")->required();
    command->add_flag("--json", json_, "Write JSON");
  }

  int Run() {
    HostFolder folder(root_);
    const std::vector<std::string> paths = Undo(&folder);
    JsonWriter json(2);
    json.BeginObject();
    json.Key("undone").BeginList();
    for (const std::string& path : paths) json.String(path);
    json.EndList();
    json.EndObject();
    if (json_) {
      cli::Write(json.text() + "\n");
      return 0;
    }
    for (const std::string& path : paths) cli::Say(path + "\n");
    cli::Complain("tiss-lite: the last commit was taken back");
    return 0;
  }

 private:
  std::string root_;
  bool json_ = false;
};

}  // namespace

void AddRun(CLI::App& app, Action* action) {
  AddCommand<RunCommand>(app, action, "run", "Run a script in its sandbox");
  AddCommand<DiffCommand>(app, action, "diff", "Run a script and show what it would change");
}
void AddResume(CLI::App& app, Action* action) {
  AddCommand<ResumeCommand>(app, action, "resume", "Answer a review and let the run go on");
}
void AddUndo(CLI::App& app, Action* action) {
  AddCommand<UndoCommand>(app, action, "undo", "Take the last commit to a folder back");
}

}  // namespace quanta::lite::program
