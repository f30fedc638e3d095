// SPDX-License-Identifier: MIT
//
// The engine's frames: entering and leaving blocks, errors on their way to a CATCH.
#include "tiss_lite/engine/engine.h"

#include <algorithm>
#include <utility>

#include "tiss_lite/base/chars.h"

namespace quanta::lite {
namespace {

using Kind = StatementKind;

bool IsScope(const Statement* owner) {
  return owner != nullptr && (owner->kind == Kind::kTask || owner->kind == Kind::kSetup ||
                              owner->kind == Kind::kStep || owner->kind == Kind::kOption);
}

bool IsCatchable(std::string_view code) {
  return code != "R303" && code != "R304" && code != "R307" && code != "R308" && code != "R310";
}

RunStatus StatusOf(std::string_view code) {
  if (code == "R303" || code == "R304") return RunStatus::kDenied;
  if (code == "R307" || code == "R308") return RunStatus::kExhausted;
  return code == "R310" ? RunStatus::kSuspended : RunStatus::kFailed;
}

}  // namespace

const char* StatusName(RunStatus status) {
  switch (status) {
    case RunStatus::kRunning:
      return "running";
    case RunStatus::kOk:
      return "ok";
    case RunStatus::kFailed:
      return "failed";
    case RunStatus::kDenied:
      return "denied";
    case RunStatus::kExhausted:
      return "exhausted";
    case RunStatus::kSuspended:
      return "suspended";
  }
  return "";
}

int ExitCodeOf(RunStatus status) {
  switch (status) {
    case RunStatus::kRunning:
    case RunStatus::kFailed:
      return 1;
    case RunStatus::kOk:
      return 0;
    case RunStatus::kDenied:
      return 3;
    case RunStatus::kExhausted:
      return 4;
    case RunStatus::kSuspended:
      return 5;
  }
  return 1;
}

ExecutionEngine::ExecutionEngine(const Source& source, const Program& program, RunOptions options,
                                 Host host, Vfs files)
    : source_(source), program_(program), options_(std::move(options)), host_(host) {
  state_.files = std::move(files);
  state_.work_left = options_.profile.limits.work;
  granted_ = options_.profile.capabilities;
  frames_.emplace_back();
  if (host_.clock != nullptr) clock_start_ = host_.clock->Seconds();
}

void ExecutionEngine::SetVariable(std::string_view name, Value value) {
  state_.variables_bytes += ValueBytes(value);
  state_.variables.insert_or_assign(std::string(name), std::move(value));
}

bool ExecutionEngine::Fail(std::string_view code, std::string message) {
  error_ = RunError{code, line_, std::move(message)};
  return false;
}

ExecutionEngine::Flow ExecutionEngine::FailFlow(std::string_view code, std::string message) {
  Fail(code, std::move(message));
  return Flow::kFailed;
}

/// All @requires, wherever they stand: the run is refused before it does anything.
bool ExecutionEngine::CheckRequires(const std::vector<Statement>& statements) {
  for (const Statement& statement : statements) {
    if (statement.kind == Kind::kDirective && statement.text == "requires") {
      line_ = statement.line;
      Capabilities wanted;
      if (std::string wrong = ReadRequires(statement.value, &wanted); !wrong.empty()) {
        return Fail("R304", std::move(wrong));
      }
      if (!options_.profile.capabilities.Covers(wanted)) {
        Record("requires", TextForm(statement.value), "not granted");
        return Fail("R304", Concat("the run is not granted what the script requires: ",
                                   TextForm(statement.value)));
      }
    }
    if (!CheckRequires(statement.body) || !CheckRequires(statement.other)) return false;
  }
  return true;
}

bool ExecutionEngine::Start() {
  if (!CheckRequires(program_.statements)) return false;
  Capabilities wanted;
  bool narrows = false;
  for (const Statement& statement : program_.statements) {
    line_ = statement.line;
    if (statement.kind == Kind::kBinding && !Assign(statement.text, statement.value)) return false;
    if (statement.kind != Kind::kDirective || statement.text != "requires") continue;
    static_cast<void>(ReadRequires(statement.value, &wanted));
    narrows = true;
  }
  if (narrows) granted_ = granted_.Intersect(wanted);
  return true;
}

const std::vector<Statement>& ExecutionEngine::BlockOf(const Frame& frame) const {
  if (frame.owner == nullptr) return program_.statements;
  return frame.branch == Branch::kBody ? frame.owner->body : frame.owner->other;
}

ExecutionEngine::Flow ExecutionEngine::Enter(const Statement& owner, Branch branch) {
  Frame frame;
  frame.owner = &owner;
  frame.branch = branch;
  frame.directives = directives_.size();
  frame.budgets = budgets_.size();
  frame.at_entry = state_.usage;
  frame.started = Now();
  frames_.push_back(frame);
  return Flow::kEntered;
}

void ExecutionEngine::RestoreScope(const Frame& frame) {
  directives_.resize(frame.directives);
  while (!narrowed_.empty() && narrowed_.back().first > directives_.size()) narrowed_.pop_back();
  if (IsScope(frame.owner)) {
    budgets_.erase(budgets_.begin() + static_cast<std::ptrdiff_t>(frame.budgets), budgets_.end());
  }
}

RunStatus ExecutionEngine::Run() {
  while (Step()) {
  }
  return status_;
}

bool ExecutionEngine::Step() {
  if (status_ != RunStatus::kRunning) return false;
  if (!started_) {
    started_ = true;
    if (!Start()) Halt();
    return status_ == RunStatus::kRunning;
  }
  const Frame& frame = frames_.back();
  const std::vector<Statement>& block = BlockOf(frame);
  if (frame.index >= block.size()) {
    if (frames_.size() > 1) {
      Leave();
    } else {
      status_ = RunStatus::kOk;
    }
    return status_ == RunStatus::kRunning;
  }
  const Statement& statement = block[frame.index];
  line_ = statement.line;
  if (frame.owner != nullptr && frame.owner->kind == Kind::kParallel) StartBranch();
  if (++state_.usage.statements > options_.profile.limits.statements) {
    Fail("R308", "the run has used up its statements");
    Unwind();
    return status_ == RunStatus::kRunning;
  }
  const double started = Now();
  const size_t warnings = state_.warnings.size();
  const uint64_t work = state_.work_left;
  const size_t entry = BeginLog(statement, LogEntry::Status::kRunning);
  Flow flow = Execute(statement);
  state_.usage.seconds = Now();
  const bool late = state_.usage.seconds > options_.profile.limits.run_seconds;
  if (flow == Flow::kEntered) frames_.back().log_entry = entry;
  if (late && flow == Flow::kDone) flow = FailFlow("R308", "the run has used up its time");
  switch (flow) {
    case Flow::kDone:
      EndLog(entry, LogEntry::Status::kSuccess, started);
      Advance();
      break;
    case Flow::kEntered:
      break;
    case Flow::kFailed:
      EndLog(entry, LogEntry::Status::kFailure, started);
      Unwind();
      break;
    case Flow::kSuspended:
      // It will be run again, with an answer: as if it had not been begun.
      --state_.usage.statements;
      state_.warnings.resize(warnings);
      state_.work_left = work;
      if (entry < state_.log.size()) {
        state_.log.pop_back();
      } else {
        --state_.log_dropped;
      }
      status_ = RunStatus::kSuspended;
      break;
  }
  return status_ == RunStatus::kRunning;
}

void ExecutionEngine::Advance() {
  Frame& frame = frames_.back();
  const std::vector<Statement>& block = BlockOf(frame);
  const Kind kind = frame.owner == nullptr ? Kind::kTask : frame.owner->kind;
  if (kind == Kind::kParallel) FinishBranch(block[frame.index].line);
  ++frame.index;
  if (kind == Kind::kChoose) frame.index = block.size();  // one alternative, and no more
}

void ExecutionEngine::Leave() {
  const Frame frame = frames_.back();
  RestoreScope(frame);
  frames_.pop_back();
  bool ok = true;
  if (frame.owner->kind == Kind::kParallel) {
    line_ = frame.owner->line;
    ok = MergeBranches(/*report=*/true);
  }
  EndLog(frame.log_entry, ok ? LogEntry::Status::kSuccess : LogEntry::Status::kFailure,
         frame.started);
  if (ok) {
    Advance();
  } else {
    Unwind();
  }
}

/// Takes the pending error to the innermost TRY around it that may have it.
void ExecutionEngine::Unwind() {
  const RunError error = *error_;
  while (frames_.size() > 1) {
    const Frame frame = frames_.back();
    RestoreScope(frame);
    frames_.pop_back();
    if (frame.owner->kind == Kind::kParallel) {
      FinishBranch(error.line);
      static_cast<void>(MergeBranches(/*report=*/false));
      error_ = error;
    }
    const bool tried = frame.owner->kind == Kind::kTry && frame.branch == Branch::kBody;
    if (!tried || !IsCatchable(error.code)) {
      EndLog(frame.log_entry, LogEntry::Status::kFailure, frame.started);
      continue;
    }
    error_.reset();
    if (!frame.owner->has_other) {
      EndLog(frame.log_entry, LogEntry::Status::kSuccess, frame.started);
      Advance();
      return;
    }
    Enter(*frame.owner, Branch::kOther);
    frames_.back().log_entry = frame.log_entry;
    frames_.back().started = frame.started;
    const std::string& name = frame.owner->variable;
    if (!name.empty() && !Assign(name, Value::Text(error.message))) Unwind();
    return;
  }
  Halt();
}

void ExecutionEngine::Halt() { status_ = StatusOf(error_->code); }

bool ExecutionEngine::InTry() const {
  return std::any_of(frames_.begin(), frames_.end(), [](const Frame& frame) {
    return frame.owner != nullptr && frame.owner->kind == Kind::kTry &&
           frame.branch == Branch::kBody;
  });
}

/// What had been used when the innermost scope began.
const Usage& ExecutionEngine::ScopeUsage() const {
  for (auto frame = frames_.rbegin(); frame != frames_.rend(); ++frame) {
    if (IsScope(frame->owner)) return frame->at_entry;
  }
  return frames_[0].at_entry;
}

void ExecutionEngine::Answer(ReviewReply reply) {
  if (status_ != RunStatus::kSuspended) return;
  answer_ = std::move(reply);
  error_.reset();
  status_ = RunStatus::kRunning;
}

size_t ExecutionEngine::BeginLog(const Statement& statement, LogEntry::Status status) {
  if (state_.log.size() >= options_.profile.limits.log_lines) {
    ++state_.log_dropped;
    return SIZE_MAX;
  }
  LogEntry entry;
  entry.type = TypeName(statement.kind);
  entry.line = statement.line;
  entry.status = status;
  switch (statement.kind) {
    case Kind::kTask:
    case Kind::kSetup:
    case Kind::kStep:
    case Kind::kOption:
      if (!Interpolate(statement.text, &entry.text)) {
        error_.reset();  // a description that is too long is no reason to stop
        entry.text = statement.text;
      }
      break;
    default:
      break;
  }
  state_.log.push_back(std::move(entry));
  return state_.log.size() - 1;
}

void ExecutionEngine::EndLog(size_t entry, LogEntry::Status status, double started) {
  constexpr double kMsPerSecond = 1000;
  if (entry >= state_.log.size()) return;
  LogEntry& log = state_.log[entry];
  log.status = status;
  log.duration_ms = (Now() - started) * kMsPerSecond;
  if (status == LogEntry::Status::kFailure && error_) log.error = error_->code;
}

}  // namespace quanta::lite
