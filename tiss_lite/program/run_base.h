// SPDX-License-Identifier: MIT
#pragma once

#include <CLI/CLI.hpp>
#include <memory>
#include <string>
#include <vector>

#include "tiss_lite/engine/engine.h"
#include "tiss_lite/program/agents.h"
#include "tiss_lite/program/audit_file.h"
#include "tiss_lite/program/host_folder.h"
#include "tiss_lite/program/options.h"
#include "tiss_lite/program/sandbox.h"
#include "tiss_lite/program/terminal.h"
#include "tiss_lite/vfs/vfs.h"

namespace quanta::lite::program {

/// What commands that run scripts have in common. In this order: OpenHost(), LoadScript(),
/// RunAll(), Finish(). Everything here throws cli::Error.
class RunBase {
 protected:
  /// All options, the script's and the sandbox's among them.
  void DefineRun(CLI::App* command);
  /// Those that say what the run meets: the folder, the agent, who reviews.
  void DefineHost(CLI::App* command);
  void DefineCommit(CLI::App* command);

  void OpenHost();
  /// `script` must outlive the run.
  void LoadScript(const Script& script);
  /// Runs, saying what the script logs as it comes. Ctrl-C is an error (kCancelled).
  void RunAll(bool quiet);
  /// The run's diff.
  void ShowChanges();
  /// Diagnostics and a summary.
  void ShowEnd(const Script& script);
  /// Commits if that was asked for and the run was a success.
  void CommitIfDone();
  /// Keeps a suspended run where --save says.
  void SaveIfSuspended();
  /// All that comes after RunAll(). Returns the exit code.
  int Finish(const Script& script);

  ScriptOptions script_;
  SandboxOptions sandbox_;
  std::string root_, agent_ = "none", review_ = "suspend", audit_, save_;
  uint64_t seed_ = 0;
  bool commit_ = false, committed_ = false;

  Profile profile_;
  std::unique_ptr<HostFolder> folder_;
  std::unique_ptr<AuditFile> audit_file_;
  Terminal terminal_;
  std::unique_ptr<Agent> agent_made_;
  std::unique_ptr<Reviewer> reviewer_;
  ToolRegistry tools_;
  BubblewrapPrograms programs_;
  SteadyClock clock_;
  std::vector<Vfs::Change> changes_;  ///< that were committed
  std::unique_ptr<ExecutionEngine> engine_;
};

}  // namespace quanta::lite::program
