// SPDX-License-Identifier: MIT
#include "tiss_lite/engine/estimate.h"

#include <algorithm>
#include <tuple>

namespace quanta::lite {
namespace {

using Kind = StatementKind;

void Add(const Estimate& more, Estimate* total) {
  total->api_calls += more.api_calls;
  total->runs += more.runs;
  total->writes += more.writes;
  total->tokens += more.tokens;
  total->seconds += more.seconds;
}

Estimate Larger(const Estimate& a, const Estimate& b) {
  return {std::max(a.api_calls, b.api_calls), std::max(a.runs, b.runs),
          std::max(a.writes, b.writes), std::max(a.tokens, b.tokens),
          std::max(a.seconds, b.seconds)};
}

}  // namespace

Estimate Estimator::Block(const std::vector<Statement>& statements) {
  const size_t outer = directives_.size();
  Estimate total;
  for (const Statement& statement : statements) Add(One(statement), &total);
  directives_.resize(outer);
  return total;
}

Estimate Estimator::Choose(const std::vector<Statement>& alternatives) {
  const size_t outer = directives_.size();
  Estimate most;
  for (const Statement& statement : alternatives) most = Larger(most, One(statement));
  directives_.resize(outer);
  return most;
}

Estimate Estimator::One(const Statement& statement) {
  constexpr uint64_t kBytesPerToken = 4;
  Estimate own;
  switch (statement.kind) {
    case Kind::kPromptAgent: {
      own.api_calls = 1;
      const uint64_t prompt = agent_ != nullptr
                                  ? agent_->CountTokens(statement.text)
                                  : (statement.text.size() + kBytesPerToken - 1) / kBytesPerToken;
      const uint32_t fresh = TokenLimit(directives_, limits_);
      own.tokens = prompt + fresh;
      own.seconds = rates_.seconds_per_prompt + rates_.seconds_per_token * fresh;
      return own;
    }
    case Kind::kRun:
      own.runs = 1;
      own.seconds = rates_.seconds_per_run;
      return own;
    case Kind::kWrite:
      own.writes = 1;
      return own;
    case Kind::kDirective:
      directives_.push_back(&statement);
      return own;
    case Kind::kIf:
      return Larger(Block(statement.body), Block(statement.other));
    case Kind::kChoose:
      return Choose(statement.body);
    case Kind::kEstimateCost:
      return own;
    case Kind::kTry:
      own = Block(statement.body);
      Add(Block(statement.other), &own);
      return own;
    default:
      return Block(statement.body);
  }
}

bool HasDirectEstimate(const Statement& alternative) {
  return std::any_of(alternative.body.begin(), alternative.body.end(),
                     [](const Statement& child) { return child.kind == Kind::kEstimateCost; });
}

Estimate Estimator::OfAlternative(const Statement& alternative) {
  if (!HasDirectEstimate(alternative)) return Block(alternative.body);
  const size_t outer = directives_.size();
  Estimate total;
  for (const Statement& child : alternative.body) {
    if (child.kind == Kind::kDirective) directives_.push_back(&child);
    if (child.kind == Kind::kEstimateCost) Add(Block(child.body), &total);
  }
  directives_.resize(outer);
  return total;
}

size_t Cheapest(const std::vector<Estimate>& estimates) {
  const auto key = [](const Estimate& e) { return std::tuple(e.api_calls, e.runs, e.writes); };
  const auto least =
      std::min_element(estimates.begin(), estimates.end(),
                       [&](const Estimate& a, const Estimate& b) { return key(a) < key(b); });
  return static_cast<size_t>(least - estimates.begin());
}

}  // namespace quanta::lite
