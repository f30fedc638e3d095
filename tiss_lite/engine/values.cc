// SPDX-License-Identifier: MIT
//
// What names stand for, and what the run may do: the engine's view of variables, the clock and
// the capabilities.
#include <utility>

#include "tiss_lite/base/chars.h"
#include "tiss_lite/engine/engine.h"
#include "tiss_lite/engine/world.h"
#include "tiss_lite/syntax/interpolation.h"

namespace quanta::lite {

std::optional<Value> ExecutionEngine::ValueOf(const Operand& name) const {
  const Usage& now = state_.usage;
  switch (name.kind) {
    case Operand::Kind::kLiteral:
      return name.value;
    case Operand::Kind::kVariable: {
      const auto variable = state_.variables.find(name.name);
      if (variable == state_.variables.end()) return std::nullopt;
      return variable->second;
    }
    case Operand::Kind::kLastRun:
      return state_.last_run.Field(name.name);
    case Operand::Kind::kCost: {
      const Usage& then = ScopeUsage();
      if (name.name == "TOKENS")
        return Value::Number(static_cast<double>(now.tokens - then.tokens));
      if (name.name == "RUNS") return Value::Number(static_cast<double>(now.runs - then.runs));
      if (name.name == "TIME") return Value::Number(now.seconds - then.seconds);
      return Value::Number(static_cast<double>(now.api_calls - then.api_calls));
    }
    case Operand::Kind::kEstimate: {
      if (!state_.estimate) return std::nullopt;
      const Estimate& estimate = *state_.estimate;
      if (name.name == "TIME") return Value::Number(estimate.seconds);
      const uint64_t count = name.name == "API_CALLS" ? estimate.api_calls
                             : name.name == "RUNS"    ? estimate.runs
                             : name.name == "WRITES"  ? estimate.writes
                                                      : estimate.tokens;
      return Value::Number(static_cast<double>(count));
    }
  }
  return std::nullopt;
}

void ExecutionEngine::Warn(std::string message) {
  if (state_.warnings.size() >= options_.profile.limits.log_lines) return;
  state_.warnings.push_back({line_, std::move(message)});
}

bool ExecutionEngine::Interpolate(std::string_view text, std::string* out) {
  out->clear();
  for (const TextPiece& piece : SplitTemplate(text)) {
    std::optional<Value> value;
    if (piece.kind == TextPiece::Kind::kName) {
      value = ValueOf(piece.name);
      if (!value) Warn(Concat(piece.text, " has no value and was left as it is"));
    }
    const std::string form = value ? TextForm(*value) : std::string(piece.text);
    if (out->size() + form.size() > options_.profile.limits.text_bytes) {
      return Fail("R308", "a text with its values put in is too long");
    }
    *out += form;
  }
  return Spend(text.size() + out->size());
}

bool ExecutionEngine::Spend(uint64_t work) {
  return Meter(&state_.work_left).Spend(work) || Fail("R308", "the run has done all its work");
}

bool ExecutionEngine::Assign(const std::string& name, Value value) {
  const Limits& limits = options_.profile.limits;
  const size_t bytes = ValueBytes(value);
  const auto old = state_.variables.find(name);
  const size_t old_bytes = old == state_.variables.end() ? 0 : ValueBytes(old->second);
  const size_t all = state_.variables_bytes - old_bytes + bytes;
  if (bytes > limits.variable_bytes || all > limits.variables_bytes) {
    return Fail("R308", Concat("the variable ", name, " takes too much memory"));
  }
  if (!parallels_.empty() && parallels_.back().originals.count(name) == 0) {
    const bool unset = old == state_.variables.end();
    parallels_.back().originals.emplace(name, unset ? std::nullopt : std::optional(old->second));
  }
  state_.touched.insert(name);
  state_.variables.insert_or_assign(name, std::move(value));
  state_.variables_bytes = all;
  return Spend(bytes);
}

ConditionWorld::Answer ExecutionEngine::Decide(const Expression& condition) {
  World world(this);
  ConditionEvaluator evaluator(&world, options_.strict);
  const ConditionWorld::Answer answer = evaluator.Evaluate(condition);
  // The world has told its own errors.
  if (answer == ConditionWorld::Answer::kError && !evaluator.error().empty()) {
    Fail("R313", evaluator.error());
  }
  return answer;
}

ConditionWorld::Known ExecutionEngine::World::Evaluate(const Operand& operand, Value* value) {
  if (operand.kind == Operand::Kind::kLiteral && operand.value.is_text()) {
    *value = Value::Text("");
    return engine_.Interpolate(operand.value.text, &value->text) ? Known::kValue : Known::kError;
  }
  std::optional<Value> found = engine_.ValueOf(operand);
  if (!found) return Known::kNothing;
  *value = *std::move(found);
  return engine_.Spend(ValueBytes(*value)) ? Known::kValue : Known::kError;
}

ConditionWorld::Answer ExecutionEngine::World::FileExists(const std::string& path) {
  std::string resolved;
  if (!engine_.Interpolate(path, &resolved)) return Answer::kError;
  FileAccess files = engine_.Access();
  NodeKind kind = NodeKind::kNone;
  if (files.Look(resolved, &kind) != FsError::kNone) {
    engine_.Fail(files.fault()->code, files.fault()->message);
    return Answer::kError;
  }
  return kind == NodeKind::kNone ? Answer::kFalse : Answer::kTrue;
}

double ExecutionEngine::Now() const {
  const bool real = host_.clock != nullptr && granted_.Has(Capabilities::Kind::kClock);
  return real ? host_.clock->Seconds() - clock_start_ : virtual_now_;
}

FileAccess ExecutionEngine::Access() {
  return FileAccess(&state_.files, &capabilities(), host_.audit, Meter(&state_.work_left), line_);
}

const Capabilities& ExecutionEngine::capabilities() const {
  return narrowed_.empty() ? granted_ : narrowed_.back().second;
}

void ExecutionEngine::Record(std::string_view capability, std::string_view subject,
                             const char* reason) {
  if (host_.audit == nullptr) return;
  const bool allowed = reason == nullptr;
  host_.audit->Record({line_, capability, std::string(subject), allowed, allowed ? "" : reason});
}

bool ExecutionEngine::Require(Capabilities::Kind kind, std::string_view name,
                              std::string_view subject) {
  const bool has = capabilities().Has(kind);
  Record(name, subject, has ? nullptr : "not granted");
  return has || Fail("R304", Concat("the capability ", name, " is not granted"));
}

}  // namespace quanta::lite
