// SPDX-License-Identifier: MIT
#include "tiss_lite/program/run_base.h"

#include <unistd.h>

#include <utility>

#include "runtime/cli/error.h"
#include "runtime/cli/interrupt.h"
#include "runtime/cli/output.h"
#include "tiss_lite/base/chars.h"
#include "tiss_lite/program/commit.h"
#include "tiss_lite/program/diagnostics.h"
#include "tiss_lite/program/diff.h"
#include "tiss_lite/program/saved_run.h"

namespace quanta::lite::program {
namespace {

/// A diagnostic at the whole of a line.
Diagnostic WarningAt(const Script& script, std::string_view code, uint32_t line,
                     std::string message) {
  Diagnostic shown = DiagnosticOf(script.source, RunError{code, line, std::move(message)});
  shown.level = Level::kWarning;
  return shown;
}

}  // namespace

void RunBase::DefineRun(CLI::App* command) {
  script_.Define(command);
  sandbox_.Define(command);
  DefineHost(command);
}

void RunBase::DefineHost(CLI::App* command) {
  command->add_option("--root", root_, "A folder that the run sees; it stays as it is");
  command
      ->add_option("--agent", agent_,
                   "Who answers prompts: none, echo, script:FILE, or model:FILE, a .qfb")
      ->capture_default_str();
  command->add_option("--review", review_, "Reviews: approve, reject, ask or suspend")
      ->capture_default_str();
  command->add_option("--seed", seed_, "Of the agent's choices")->capture_default_str();
  command->add_option("--audit", audit_, "Append every decision to this file, a JSON line each");
}

void RunBase::DefineCommit(CLI::App* command) {
  command->add_flag("--commit", commit_, "If all goes well, write the changes to --root")
      ->needs("--root");
}

void RunBase::OpenHost() {
  if (!root_.empty()) {
    folder_ = std::make_unique<HostFolder>(root_);
    Recover(folder_.get());
  }
  profile_ = sandbox_.Read();
  if (!audit_.empty()) audit_file_ = std::make_unique<AuditFile>(audit_);
  const bool has_clock = profile_.capabilities.Has(Capabilities::Kind::kClock);
  agent_made_ = MakeAgent(agent_, has_clock ? AgentDate::kToday : AgentDate::kFixed);
  reviewer_ = MakeReviewer(review_, &terminal_);
  AddBuiltInTools(&tools_);
}

void RunBase::LoadScript(const Script& script) {
  Host host;
  host.tools = &tools_;
  host.agent = agent_made_.get();
  host.reviewer = reviewer_.get();
  host.clock = &clock_;
  host.audit = audit_file_.get();
  host.programs = &programs_;
  RunOptions options;
  options.profile = profile_;
  options.strict = script_.strict;
  options.seed = seed_;
  Vfs files(profile_.limits.files, folder_.get());
  engine_ = std::make_unique<ExecutionEngine>(script.source, script.parsed.program,
                                              std::move(options), host, std::move(files));
  for (auto& [name, value] : sandbox_.Variables()) engine_->SetVariable(name, std::move(value));
}

void RunBase::RunAll(bool quiet) {
  cli::WatchInterrupts();
  size_t said = engine_->state().messages.size();
  bool more = true;
  while (more) {
    more = engine_->Step();
    if (cli::Interrupted()) {
      throw cli::Error(Code::kCancelled, "", "interrupted", "nothing was written");
    }
    const std::vector<std::string>& messages = engine_->state().messages;
    for (; said < messages.size() && !quiet; ++said) cli::Say(messages[said] + "\n");
  }
  if (audit_file_ != nullptr) audit_file_->Check();
}

void RunBase::ShowChanges() {
  const std::vector<Vfs::Change> changes = engine_->state().files.Changes();
  cli::Write(DiffText(changes, WantsColour(STDOUT_FILENO)));
}

void RunBase::ShowEnd(const Script& script) {
  for (const Warning& warning : engine_->state().warnings) {
    Show(script.source, {WarningAt(script, "L204", warning.line, warning.message)});
  }
  for (const Exchange& exchange : engine_->state().exchanges) {
    const bool tokens = exchange.stopped_by == "tokens";
    if (!tokens && exchange.stopped_by != "context") continue;
    const std::string why =
        tokens
            ? Concat("after ", std::to_string(exchange.new_tokens),
                     " tokens; @limits {tokens: N} and the profile's max_new_tokens say how many")
            : "where the model's context ends";
    Show(script.source, {WarningAt(script, "R306", exchange.line, "the answer was cut " + why)});
  }
  if (engine_->error()) Show(script.source, {DiagnosticOf(script.source, *engine_->error())});
  const Usage& usage = engine_->state().usage;
  const size_t changed = committed_ ? changes_.size() : engine_->state().files.Changes().size();
  std::string line = Concat("tiss-lite: ", StatusName(engine_->status()), ": ",
                            std::to_string(usage.statements), " statements, ",
                            std::to_string(usage.runs), " runs, ", std::to_string(usage.api_calls),
                            " prompts, ", std::to_string(changed), " paths changed");
  if (committed_) {
    line += Concat(", committed to ", root_, " (tiss-lite undo takes it back)");
  } else if (changed > 0 && folder_ != nullptr) {
    line += "; nothing was written to " + root_ + " (--commit does that)";
  } else if (commit_ && engine_->status() == RunStatus::kOk) {
    line += "; there was nothing to commit";
  }
  cli::Complain(line);
}

void RunBase::CommitIfDone() {
  if (!commit_ || engine_->status() != RunStatus::kOk) return;
  changes_ = engine_->state().files.Changes();
  Commit(folder_.get(), changes_);
  // Where nothing changed there is no commit, and undo would take back an older one.
  committed_ = !changes_.empty();
}

void RunBase::SaveIfSuspended() {
  if (save_.empty() || engine_->status() != RunStatus::kSuspended) return;
  SaveRun(save_, engine_->Token(), folder_.get());
}

int RunBase::Finish(const Script& script) {
  CommitIfDone();
  SaveIfSuspended();
  if (script_.json) {
    cli::Write(engine_->ResultJson(2) + "\n");
  } else {
    if (!committed_ && folder_ != nullptr) ShowChanges();
    ShowEnd(script);
  }
  return ExitCodeOf(engine_->status());
}

}  // namespace quanta::lite::program
