// SPDX-License-Identifier: MIT
#include "tiss_lite/plan/plan_world.h"

#include "tiss_lite/base/chars.h"
#include "tiss_lite/base/utf8.h"
#include "tiss_lite/syntax/interpolation.h"

namespace quanta::lite {
namespace {

constexpr size_t kMaxKnownBytes = 4096, kMaxShownBytes = 120;

}  // namespace

void PlanWorld::Put(const std::string& name, Variable variable) {
  const auto old = variables_.find(name);
  journal_.push_back({name, old == variables_.end() ? std::nullopt : std::optional(old->second)});
  variables_.insert_or_assign(name, std::move(variable));
}

void PlanWorld::Set(const std::string& name, Value value) {
  if (ValueBytes(value) > kMaxKnownBytes) return SetUnknown(name);
  Put(name, {std::move(value)});
}

void PlanWorld::SetUnknown(const std::string& name) { Put(name, {std::nullopt}); }

PlanWorld::Known PlanWorld::Evaluate(const Operand& operand, Value* value) {
  switch (operand.kind) {
    case Operand::Kind::kLiteral:
      *value = operand.value;
      if (!value->is_text()) return Known::kValue;
      return Interpolate(operand.value.text, &value->text) ? Known::kValue : Known::kUnknown;
    case Operand::Kind::kVariable: {
      const auto variable = variables_.find(operand.name);
      if (variable == variables_.end()) return Known::kNothing;
      if (!variable->second.value) return Known::kUnknown;
      *value = *variable->second.value;
      return Known::kValue;
    }
    case Operand::Kind::kEstimate: {
      if (!estimate_) return Known::kNothing;
      if (operand.name == "TIME") {
        *value = Value::Number(estimate_->seconds);
        return Known::kValue;
      }
      const uint64_t count = operand.name == "API_CALLS" ? estimate_->api_calls
                             : operand.name == "RUNS"    ? estimate_->runs
                             : operand.name == "WRITES"  ? estimate_->writes
                                                         : estimate_->tokens;
      *value = Value::Number(static_cast<double>(count));
      return Known::kValue;
    }
    case Operand::Kind::kLastRun:
    case Operand::Kind::kCost:
      break;
  }
  return Known::kUnknown;
}

PlanWorld::Answer PlanWorld::FileExists(const std::string&) { return Answer::kUnknown; }

bool PlanWorld::Interpolate(std::string_view text, std::string* out) const {
  out->clear();
  bool known = true;
  for (const TextPiece& piece : SplitTemplate(text)) {
    const auto variable =
        piece.kind == TextPiece::Kind::kName ? variables_.find(piece.name.name) : variables_.end();
    const bool field = piece.name.kind == Operand::Kind::kLastRun;
    const bool has = variable != variables_.end() && !field && variable->second.value;
    if (has) {
      *out += TextForm(*variable->second.value);
    } else {
      // An unknown name stays, also when it runs, if nothing ever sets it.
      known = known &&
              (piece.kind != TextPiece::Kind::kName || (!field && variable == variables_.end()));
      *out += piece.text;
    }
    if (out->size() > kMaxKnownBytes) return false;
  }
  return known;
}

std::string PlanWorld::Shorten(std::string text) {
  for (char& c : text) {
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7F) c = ' ';
  }
  if (text.size() <= kMaxShownBytes) return text;
  return text.substr(0, CutUtf8(text, kMaxShownBytes)) + "...";
}

std::string PlanWorld::Show(std::string_view text) const {
  std::string shown;
  static_cast<void>(Interpolate(text, &shown));
  return Shorten(std::move(shown));
}

PlanWorld::Changes PlanWorld::Rollback(size_t mark) {
  Changes changes;
  while (journal_.size() > mark) {
    Change& change = journal_.back();
    const auto now = variables_.find(change.name);
    changes.emplace_back(change.name, now->second.value);
    undone_.emplace_back(mark, change.name);
    if (change.before) {
      now->second = *std::move(change.before);
    } else {
      variables_.erase(now);
    }
    journal_.pop_back();
  }
  return {changes.rbegin(), changes.rend()};
}

void PlanWorld::Clear(size_t mark) {
  while (!undone_.empty() && undone_.back().first >= mark) undone_.pop_back();
}

void PlanWorld::Forget(size_t mark) {
  std::vector<std::string> names;
  for (; !undone_.empty() && undone_.back().first >= mark; undone_.pop_back()) {
    names.push_back(std::move(undone_.back().second));
  }
  for (const std::string& name : names) SetUnknown(name);
}

}  // namespace quanta::lite
