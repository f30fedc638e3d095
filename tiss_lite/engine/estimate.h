// SPDX-License-Identifier: MIT
#pragma once

#include <vector>

#include "tiss_lite/engine/directives.h"
#include "tiss_lite/engine/host.h"
#include "tiss_lite/syntax/ast.h"

namespace quanta::lite {

/// Adds up what statements would use, without running them: the component-wise maximum over
/// the branches of IF and the alternatives of CHOOSE, the sum elsewhere; an ESTIMATE_COST
/// inside counts nothing.
class Estimator {
 public:
  /// `agent` counts tokens; without one a token is taken for four bytes.
  Estimator(const Limits& limits, const Rates& rates, Agent* agent, DirectiveStack directives)
      : limits_(limits), rates_(rates), agent_(agent), directives_(std::move(directives)) {}

  Estimate Block(const std::vector<Statement>& statements);
  Estimate One(const Statement& statement);
  /// Of an alternative of CHOOSE: its direct ESTIMATE_COSTs if it has any, else all of it.
  Estimate OfAlternative(const Statement& alternative);

 private:
  Estimate Choose(const std::vector<Statement>& alternatives);

  const Limits& limits_;
  const Rates& rates_;
  Agent* agent_;
  DirectiveStack directives_;
};

bool HasDirectEstimate(const Statement& alternative);

/// Which alternative is the cheapest: API_CALLS, RUNS, WRITES, then the order.
size_t Cheapest(const std::vector<Estimate>& estimates);

}  // namespace quanta::lite
