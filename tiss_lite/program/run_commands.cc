// SPDX-License-Identifier: MIT
//
// Commands that run a script, or take a run back: run, diff, resume, undo.
#include <unistd.h>

#include <memory>

#include "runtime/cli/error.h"
#include "runtime/cli/output.h"
#include "tiss_lite/base/chars.h"
#include "tiss_lite/program/add_command.h"
#include "tiss_lite/program/agents.h"
#include "tiss_lite/program/audit_file.h"
#include "tiss_lite/program/commit.h"
#include "tiss_lite/program/diagnostics.h"
#include "tiss_lite/program/diff.h"
#include "tiss_lite/program/files.h"
#include "tiss_lite/program/options.h"

namespace quanta::lite::program {
namespace {

constexpr size_t kMaxTokenBytes = size_t{256} << 20;

/// What `run`, `diff` and `resume` have in common.
class RunBase {
 protected:
  void DefineRun(CLI::App* command) {
    script_.Define(command);
    sandbox_.Define(command);
    command->add_option("--root", root_, "A folder that the run sees; it stays as it is");
    command->add_option("--agent", agent_, "Who answers prompts: none, echo or script:FILE")
        ->capture_default_str();
    command->add_option("--review", review_, "Reviews: approve, reject, ask or suspend")
        ->capture_default_str();
    command->add_option("--seed", seed_, "Of the agent's choices")->capture_default_str();
    command->add_option("--audit", audit_, "Append every decision to this file, a JSON line each");
  }

  /// Opens what the options name. Throws cli::Error.
  void Prepare(const Script& script) {
    if (!root_.empty()) {
      folder_ = std::make_unique<HostFolder>(root_);
      Recover(folder_.get());
    }
    if (!audit_.empty()) audit_file_ = std::make_unique<AuditFile>(audit_);
    agent_made_ = MakeAgent(agent_);
    reviewer_ = MakeReviewer(review_);
    AddBuiltInTools(&tools_);
    Host host;
    host.tools = &tools_;
    host.agent = agent_made_.get();
    host.reviewer = reviewer_.get();
    host.clock = &clock_;
    host.audit = audit_file_.get();
    RunOptions options;
    options.profile = sandbox_.Read();
    options.strict = script_.strict;
    options.seed = seed_;
    Vfs files(options.profile.limits.files, folder_.get());
    engine_ = std::make_unique<ExecutionEngine>(script.source, script.parsed.program,
                                                std::move(options), host, std::move(files));
    for (auto& [name, value] : sandbox_.Variables()) engine_->SetVariable(name, std::move(value));
  }

  /// Runs, saying what the script logs as it comes.
  void RunAll(bool quiet) {
    size_t said = engine_->state().messages.size();
    bool more = true;
    while (more) {
      more = engine_->Step();
      const std::vector<std::string>& messages = engine_->state().messages;
      for (; said < messages.size() && !quiet; ++said) cli::Say(messages[said] + "\n");
    }
    if (audit_file_ != nullptr) audit_file_->Check();
  }

  void ShowChanges() {
    const std::vector<Vfs::Change> changes = engine_->state().files.Changes();
    cli::Write(DiffText(changes, WantsColour(STDOUT_FILENO)));
  }

  void ShowEnd(const Script& script) {
    for (const Warning& warning : engine_->state().warnings) {
      RunError at{"R000", warning.line, warning.message};
      Diagnostic shown = DiagnosticOf(script.source, at);
      shown.level = Level::kWarning;
      shown.code = "L204";
      Show(script.source, {shown});
    }
    if (engine_->error()) Show(script.source, {DiagnosticOf(script.source, *engine_->error())});
    const Usage& usage = engine_->state().usage;
    const size_t changed = committed_ ? changes_.size() : engine_->state().files.Changes().size();
    std::string line = Concat(
        "tiss-lite: ", StatusName(engine_->status()), ": ", std::to_string(usage.statements),
        " statements, ", std::to_string(usage.runs), " runs, ", std::to_string(usage.api_calls),
        " prompts, ", std::to_string(changed), " paths changed");
    if (committed_) {
      line += ", committed to " + root_;
    } else if (changed > 0 && folder_ != nullptr) {
      line += "; nothing was written to " + root_ + " (--commit does that)";
    }
    cli::Complain(line);
  }

  int Finish(const Script& script) {
    if (commit_ && engine_->status() == RunStatus::kOk) {
      changes_ = engine_->state().files.Changes();
      Commit(folder_.get(), changes_);
      committed_ = true;
    }
    if (!save_.empty() && engine_->status() == RunStatus::kSuspended) {
      ReplaceFile(save_, engine_->Token());
    }
    if (script_.json) {
      cli::Write(engine_->ResultJson(2) + "\n");
    } else {
      if (!committed_ && folder_ != nullptr) ShowChanges();
      ShowEnd(script);
    }
    return ExitCodeOf(engine_->status());
  }

  ScriptOptions script_;
  SandboxOptions sandbox_;
  std::string root_, agent_ = "none", review_ = "suspend", audit_, save_;
  uint64_t seed_ = 0;
  bool commit_ = false, committed_ = false;

  std::unique_ptr<HostFolder> folder_;
  std::unique_ptr<AuditFile> audit_file_;
  std::unique_ptr<Agent> agent_made_;
  std::unique_ptr<Reviewer> reviewer_;
  ToolRegistry tools_;
  SteadyClock clock_;
  std::vector<Vfs::Change> changes_;
  std::unique_ptr<ExecutionEngine> engine_;
};

class RunCommand : RunBase {
 public:
  void Define(CLI::App* command) {
    DefineRun(command);
    command->add_flag("--dry-run", dry_run_, "Only say what it would do: `plan`");
    command->add_flag("--commit", commit_, "If all goes well, write the changes to --root")
        ->needs("--root");
    command->add_option("--save", save_, "Where a suspended run goes, for `resume`");
  }

  int Run() {
    const Script script = script_.Read(Recovery::kStop);
    const std::vector<Diagnostic> errors = script_.Errors(script);
    if (!errors.empty()) return script_.Refuse(script, {errors[0]});
    if (dry_run_) return ShowPlan(script, script_, sandbox_);
    Prepare(script);
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
    Prepare(script);
    RunAll(/*quiet=*/true);
    ShowChanges();
    if (engine_->status() != RunStatus::kOk) ShowEnd(script);
    return ExitCodeOf(engine_->status());
  }
};

class ResumeCommand : RunBase {
 public:
  void Define(CLI::App* command) {
    DefineRun(command);
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
    Prepare(script);
    const std::string wrong = engine_->Restore(ReadWholeFile(token_, kMaxTokenBytes));
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
