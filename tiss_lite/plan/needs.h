// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <string_view>

#include "tiss_lite/plan/plan_world.h"
#include "tiss_lite/plan/planner.h"

namespace quanta::lite {

/// Collects what the statements of a plan need, and what of it they will not get.
class Needs {
 public:
  Needs(const Source& source, const PlanOptions& options, Plan* plan)
      : source_(source), options_(options), plan_(*plan) {}

  /// Of a statement without a block.
  void Of(const Statement& statement, const PlanWorld& world);
  void Condition(const Statement& statement, const PlanWorld& world);
  void Directive(const Statement& statement);

 private:
  void Path(const Statement& statement, std::string_view text, bool write, const PlanWorld& world);
  void Run(const Statement& statement, const PlanWorld& world);
  void Tool(const Statement& statement, const std::string& name);
  void Capability(const Statement& statement, Capabilities::Kind kind, const char* name);
  void Problem(const Statement& statement, std::string_view code, std::string message);

  const Source& source_;
  const PlanOptions& options_;
  Plan& plan_;
};

}  // namespace quanta::lite
