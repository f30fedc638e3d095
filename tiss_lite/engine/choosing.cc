// SPDX-License-Identifier: MIT
//
// CHOOSE: exactly one alternative.
#include <utility>

#include "tiss_lite/base/chars.h"
#include "tiss_lite/engine/engine.h"
#include "tiss_lite/engine/estimate.h"

namespace quanta::lite {

using Kind = StatementKind;

/// The leading ASSERTs of an alternative are its guards; a false one drops it.
bool ExecutionEngine::GuardsHold(const Statement& alternative, bool* hold) {
  *hold = true;
  for (const Statement& statement : alternative.body) {
    if (statement.kind == Kind::kDirective) continue;
    if (statement.kind != Kind::kAssert) break;
    line_ = statement.line;
    const ConditionWorld::Answer answer = Decide(statement.condition);
    if (answer == ConditionWorld::Answer::kError) return false;
    if (answer == ConditionWorld::Answer::kTrue) continue;
    *hold = false;
    break;
  }
  return true;
}

size_t ExecutionEngine::Pick(const std::vector<const Statement*>& open,
                             const DirectiveStack& directives) {
  Estimator estimator(options_.profile.limits, host_.rates, host_.agent, directives);
  std::vector<Alternative> alternatives;
  std::vector<Estimate> estimates;
  bool estimated = false;
  for (const Statement* alternative : open) {
    estimates.push_back(estimator.OfAlternative(*alternative));
    alternatives.push_back({alternative->text, estimates.back()});
    estimated = estimated || HasDirectEstimate(*alternative);
  }
  if (host_.chooser != nullptr && capabilities().Has(Capabilities::Kind::kChoose)) {
    Record("choose", std::to_string(open.size()) + " alternatives", nullptr);
    const size_t choice = host_.chooser->Choose(alternatives);
    if (choice < open.size()) return choice;
  }
  return estimated ? Cheapest(estimates) : 0;
}

ExecutionEngine::Flow ExecutionEngine::ExecuteChoose(const Statement& statement) {
  const uint32_t line = line_;
  std::vector<const Statement*> open;
  for (const Statement& child : statement.body) {
    if (child.kind == Kind::kDirective) continue;
    bool hold = false;
    if (!GuardsHold(child, &hold)) return Flow::kFailed;
    if (hold) open.push_back(&child);
  }
  line_ = line;
  if (open.empty()) return FailFlow("R311", "no alternative is left to choose");
  DirectiveStack directives = directives_;
  for (const Statement& child : statement.body) {
    if (child.kind == Kind::kDirective) directives.push_back(&child);
  }
  const Statement& chosen = *open[Pick(open, directives)];
  std::string description;
  if (!Interpolate(chosen.text, &description)) return Flow::kFailed;
  if (state_.choices.size() < options_.profile.limits.log_lines) {
    state_.choices.push_back(std::move(description));
  }
  for (const Statement& child : statement.body) {
    if (child.kind != Kind::kDirective && &child != &chosen) {
      BeginLog(child, LogEntry::Status::kSkipped);
    }
  }
  Enter(statement, Branch::kBody);
  // What stands before the alternative holds in it.
  for (const Statement& child : statement.body) {
    if (&child == &chosen) break;
    if (child.kind == Kind::kDirective && ExecuteDirective(child) == Flow::kFailed) {
      RestoreScope(frames_.back());
      frames_.pop_back();
      return Flow::kFailed;
    }
  }
  frames_.back().index = static_cast<size_t>(&chosen - statement.body.data());
  return Flow::kEntered;
}

}  // namespace quanta::lite
