// SPDX-License-Identifier: MIT
//
// Statements that concern the state and the files alone.
#include <utility>

#include "tiss_lite/base/chars.h"
#include "tiss_lite/base/utf8.h"
#include "tiss_lite/engine/engine.h"
#include "tiss_lite/engine/estimate.h"
#include "tiss_lite/engine/world.h"

namespace quanta::lite {

using Kind = StatementKind;

ExecutionEngine::Flow ExecutionEngine::Execute(const Statement& statement) {
  switch (statement.kind) {
    case Kind::kTask:
      task_ = statement.text;
      return statement.has_block ? Enter(statement, Branch::kBody) : Flow::kDone;
    case Kind::kSetup:
    case Kind::kStep:
    case Kind::kOption:
    case Kind::kTry:
      return Enter(statement, Branch::kBody);
    case Kind::kParallel:
      parallels_.emplace_back();
      BeginParallel();
      return Enter(statement, Branch::kBody);
    case Kind::kChoose:
      return ExecuteChoose(statement);
    case Kind::kEstimateCost: {
      Estimator estimator(options_.profile.limits, host_.rates, host_.agent, directives_);
      state_.estimate = estimator.Block(statement.body);
      return Flow::kDone;
    }
    case Kind::kIf:
      return ExecuteIf(statement);
    case Kind::kRun:
      return ExecuteRun(statement);
    case Kind::kLog:
      return ExecuteLog(statement);
    case Kind::kWrite:
    case Kind::kRead:
    case Kind::kMkdir:
    case Kind::kDelete:
      return ExecuteFile(statement);
    case Kind::kPromptAgent:
      return ExecutePrompt(statement);
    case Kind::kAssert:
      return ExecuteAssert(statement);
    case Kind::kVar:
      return ExecuteVar(statement);
    case Kind::kSetBudget:
      return ExecuteBudget(statement);
    case Kind::kRequestReview:
    case Kind::kPause:
      return ExecuteReview(statement);
    case Kind::kDirective:
      return ExecuteDirective(statement);
    case Kind::kBinding:
      return Flow::kDone;  // it has taken effect at the start
  }
  return Flow::kDone;
}

ExecutionEngine::Flow ExecutionEngine::ExecuteIf(const Statement& statement) {
  switch (Decide(statement.condition)) {
    case ConditionWorld::Answer::kTrue:
      return Enter(statement, Branch::kBody);
    case ConditionWorld::Answer::kFalse:
      return statement.has_other ? Enter(statement, Branch::kOther) : Flow::kDone;
    default:
      return Flow::kFailed;
  }
}

ExecutionEngine::Flow ExecutionEngine::ExecuteAssert(const Statement& statement) {
  const ConditionWorld::Answer answer = Decide(statement.condition);
  if (answer == ConditionWorld::Answer::kTrue) return Flow::kDone;
  if (answer != ConditionWorld::Answer::kFalse) return Flow::kFailed;
  World world(this);
  const std::string values = ConditionEvaluator(&world, false).Describe(statement.condition);
  std::string message = Concat("assertion failed: ", statement.condition_text);
  if (!values.empty()) message.append(" (").append(values).append(")");
  return FailFlow("R301", std::move(message));
}

ExecutionEngine::Flow ExecutionEngine::ExecuteLog(const Statement& statement) {
  std::string message;
  if (!Require(Capabilities::Kind::kLog, "log", "") || !Interpolate(statement.text, &message)) {
    return Flow::kFailed;
  }
  const Limits& limits = options_.profile.limits;
  if (state_.messages.size() >= limits.log_lines ||
      state_.message_bytes + message.size() > limits.log_bytes) {
    ++state_.messages_dropped;
    return Flow::kDone;
  }
  state_.message_bytes += message.size();
  state_.messages.push_back(std::move(message));
  return Flow::kDone;
}

ExecutionEngine::Flow ExecutionEngine::ExecuteVar(const Statement& statement) {
  Value value = statement.value;
  if (statement.last_run_field) {
    std::optional<Value> field = state_.last_run.Field(statement.value.text);
    if (!field) {
      return FailFlow("R313", Concat("LAST_RUN.", statement.value.text, " has no value"));
    }
    value = *std::move(field);
  } else if (value.is_text() && !(statement.heredoc && statement.heredoc->raw)) {
    if (!Interpolate(statement.value.text, &value.text)) return Flow::kFailed;
  }
  return Assign(statement.text, std::move(value)) ? Flow::kDone : Flow::kFailed;
}

bool ExecutionEngine::AddBudget(Budget::Unit unit, double limit) {
  state_.usage.seconds = Now();
  budgets_.push_back({unit, limit, Budget::UsedOf(unit, state_.usage)});
  return true;
}

ExecutionEngine::Flow ExecutionEngine::ExecuteBudget(const Statement& statement) {
  Budget::Unit unit;
  if (!Budget::FindUnit(statement.text, &unit)) {
    state_.settings.insert_or_assign(statement.text, statement.value);
    return Flow::kDone;
  }
  double limit = 0;
  if (!Budget::ReadLimit(unit, statement.value, &limit)) {
    return FailFlow("R313", Concat(statement.text, " cannot be ", TextForm(statement.value)));
  }
  AddBudget(unit, limit);
  return Flow::kDone;
}

ExecutionEngine::Flow ExecutionEngine::ExecuteDirective(const Statement& statement) {
  directives_.push_back(&statement);
  if (statement.text == "time.budget_ms") {
    constexpr double kMsPerSecond = 1000;
    const auto number = NumberOf(statement.value);
    if (!number || *number < 0) {
      return FailFlow("R313", Concat("@time.budget_ms cannot be ", TextForm(statement.value)));
    }
    AddBudget(Budget::Unit::kSeconds, *number / kMsPerSecond);
  }
  // The script's own were taken into account at the start.
  if (statement.text == "requires" && frames_.size() > 1) {
    Capabilities wanted;
    static_cast<void>(ReadRequires(statement.value, &wanted));
    narrowed_.emplace_back(directives_.size(), capabilities().Intersect(wanted));
  }
  return Flow::kDone;
}

ExecutionEngine::Flow ExecutionEngine::FileFlow(const FileAccess& access, FsError error,
                                                const std::string& path) {
  if (access.fault()) return FailFlow(access.fault()->code, access.fault()->message);
  if (error == FsError::kNone) return Flow::kDone;
  const char* code = error == FsError::kNotFound ? "R302" : "R305";
  return FailFlow(code, Concat("\"", path, "\": ", FsErrorText(error)));
}

ExecutionEngine::Flow ExecutionEngine::ExecuteFile(const Statement& statement) {
  std::string path, content;
  if (!Interpolate(statement.text, &path)) return Flow::kFailed;
  FileAccess files = Access();
  switch (statement.kind) {
    case Kind::kWrite: {
      const bool raw = statement.heredoc && statement.heredoc->raw;
      if (raw) {
        content = statement.content;
      } else if (!Interpolate(statement.content, &content)) {
        return Flow::kFailed;
      }
      FsError error = files.WriteWithFolders(path, std::move(content));
      if (error == FsError::kNotFound) error = FsError::kNotFolder;
      return FileFlow(files, error, path);
    }
    case Kind::kMkdir:
      return FileFlow(files, files.MakeFolders(path), path);
    case Kind::kDelete:
      return FileFlow(files, files.Remove(path), path);
    default:
      break;
  }
  Bytes bytes;
  const FsError error = files.Read(path, &bytes);
  if (files.fault() || error != FsError::kNone) return FileFlow(files, error, path);
  if (!IsUtf8(*bytes)) return FailFlow("R305", Concat("\"", path, "\" is not UTF-8 text"));
  if (!Assign(statement.variable, Value::Text(*bytes))) return Flow::kFailed;
  state_.last_run.file_content = *bytes;
  state_.last_run_touched = true;
  return Flow::kDone;
}

}  // namespace quanta::lite
