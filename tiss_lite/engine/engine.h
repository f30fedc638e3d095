// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "tiss_lite/base/json.h"
#include "tiss_lite/engine/budget.h"
#include "tiss_lite/engine/condition.h"
#include "tiss_lite/engine/directives.h"
#include "tiss_lite/engine/host.h"
#include "tiss_lite/engine/parallel.h"
#include "tiss_lite/engine/state.h"
#include "tiss_lite/policy/profile.h"
#include "tiss_lite/shell/words.h"
#include "tiss_lite/syntax/ast.h"
#include "tiss_lite/syntax/source.h"

namespace quanta::lite {

enum class RunStatus : uint8_t { kRunning, kOk, kFailed, kDenied, kExhausted, kSuspended };
const char* StatusName(RunStatus status);  ///< "ok", "failed", "denied", ...
int ExitCodeOf(RunStatus status);          ///< 0 ok, 1 failed, 3 denied, 4 exhausted, 5 suspended

struct RunError {
  std::string_view code;  ///< "R301"
  uint32_t line = 0;
  std::string message;
};

struct RunOptions {
  Profile profile;
  bool strict = false;
  uint64_t seed = 0;
};

/// Runs a parsed script in its sandbox. What it does is a function of the script, the files,
/// the options and what the host answers; nothing else is read, and nothing outside `files`
/// changes.
///
/// Iterative: the blocks that are being run are frames, so a run can stop at a review, be
/// written down as a token, and go on elsewhere.
class ExecutionEngine {
 public:
  /// Borrows `source`, `program` and whatever `host` points to, for as long as it lives.
  ExecutionEngine(const Source& source, const Program& program, RunOptions options, Host host,
                  Vfs files);

  /// Before the first step: as if the script had set it.
  void SetVariable(std::string_view name, Value value);

  /// Runs one statement, or enters or leaves a block. False once the run has stopped.
  bool Step();
  RunStatus Run();

  /// Answers the review at which the run is suspended; Run() then goes on.
  void Answer(ReviewReply reply);

  /// A suspended run as one JSON document, and back. Restore() is for a new engine with the
  /// same script; it returns an empty text, or why the token is not taken.
  std::string Token() const;
  std::string Restore(std::string_view token);

  RunStatus status() const { return status_; }
  const std::optional<RunError>& error() const { return error_; }
  const State& state() const { return state_; }
  /// The result of the specification; with the token if the run is suspended.
  std::string ResultJson(int indent = 0) const;
  void WriteResult(JsonWriter* json) const;
  /// Its "error": {"code", "line", "message"} or null.
  void WriteError(JsonWriter* json) const;

 private:
  enum class Flow : uint8_t { kDone, kEntered, kFailed, kSuspended };
  enum class Branch : uint8_t { kBody, kOther };
  struct Frame {
    const Statement* owner = nullptr;  ///< null: the script
    Branch branch = Branch::kBody;
    size_t index = 0;
    size_t directives = 0, budgets = 0;  ///< what was in force outside
    Usage at_entry;
    size_t log_entry = 0;
    double started = 0;
  };
  class World;
  friend class World;
  friend class TokenWriter;
  friend class TokenReader;

  // engine.cc: frames
  bool Start();
  bool CheckRequires(const std::vector<Statement>& statements);
  const std::vector<Statement>& BlockOf(const Frame& frame) const;
  Flow Enter(const Statement& owner, Branch branch);
  void Leave();
  void RestoreScope(const Frame& frame);
  void Advance();
  void Unwind();
  void Halt();
  bool InTry() const;
  const Usage& ScopeUsage() const;

  // statements.cc
  Flow Execute(const Statement& statement);
  Flow ExecuteFile(const Statement& statement);
  Flow ExecuteIf(const Statement& statement);
  Flow ExecuteAssert(const Statement& statement);
  Flow ExecuteVar(const Statement& statement);
  Flow ExecuteBudget(const Statement& statement);
  Flow ExecuteDirective(const Statement& statement);
  Flow ExecuteLog(const Statement& statement);
  Flow FileFlow(const FileAccess& access, FsError error, const std::string& path);
  bool AddBudget(Budget::Unit unit, double limit);

  // running.cc: RUN, PROMPT_AGENT, reviews
  Flow ExecuteRun(const Statement& statement);
  bool BuildCommand(const Statement& statement, CommandText* command, std::string* text);
  Flow ExecutePrompt(const Statement& statement);
  bool CheckPromptBudgets(uint64_t prompt_tokens, uint32_t* max_tokens);
  bool CheckTime();
  Flow ExecuteReview(const Statement& statement);

  // choosing.cc
  Flow ExecuteChoose(const Statement& statement);
  bool GuardsHold(const Statement& alternative, bool* hold);
  size_t Pick(const std::vector<const Statement*>& open, const DirectiveStack& directives);

  // branches.cc: PARALLEL
  void BeginParallel();
  void StartBranch();
  void FinishBranch(uint32_t line);
  bool MergeBranches(bool report);

  // values.cc
  bool Interpolate(std::string_view text, std::string* out);
  std::optional<Value> ValueOf(const Operand& name) const;
  bool Assign(const std::string& name, Value value);
  void Warn(std::string message);
  /// Counts work that this machine does for the script; R308 once there was too much of it.
  bool Spend(uint64_t work);
  ConditionWorld::Answer Decide(const Expression& condition);
  double Now() const;
  FileAccess Access();
  const Capabilities& capabilities() const;
  bool Require(Capabilities::Kind kind, std::string_view name, std::string_view subject);
  void Record(std::string_view capability, std::string_view subject, const char* reason);

  // log
  size_t BeginLog(const Statement& statement, LogEntry::Status status);
  void EndLog(size_t entry, LogEntry::Status status, double started);

  /// Sets the pending error and returns false.
  bool Fail(std::string_view code, std::string message);
  Flow FailFlow(std::string_view code, std::string message);

  const Source& source_;
  const Program& program_;
  RunOptions options_;
  Host host_;
  State state_;

  RunStatus status_ = RunStatus::kRunning;
  std::optional<RunError> error_;
  bool started_ = false;
  std::string task_;
  std::vector<Frame> frames_;
  DirectiveStack directives_;
  std::vector<Budget> budgets_;
  std::vector<ParallelRun> parallels_;  ///< one per PARALLEL frame
  Capabilities granted_;                ///< the profile's, narrowed by the script's @requires
  /// Further narrowed by @requires inside blocks: by the size of directives_ with it.
  std::vector<std::pair<size_t, Capabilities>> narrowed_;
  uint32_t line_ = 0;       ///< of the statement being run
  double virtual_now_ = 0;  ///< the clock that only tools and agents advance
  double clock_start_ = 0;  ///< of the real one
  ReviewReply answer_;      ///< given to a suspended review
  ReviewRequest pending_;   ///< the review that waits
};

/// What a script is known by in a token.
std::string ScriptHash(const Source& source);

}  // namespace quanta::lite
