// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <set>
#include <string>
#include <vector>

#include "tiss_lite/base/json.h"
#include "tiss_lite/engine/host.h"
#include "tiss_lite/policy/profile.h"
#include "tiss_lite/syntax/ast.h"
#include "tiss_lite/syntax/diagnostic.h"

namespace quanta::lite {

/// What a script would do, found out without doing any of it.
struct Plan {
  struct Item {
    size_t depth = 0;
    uint32_t line = 0;
    std::string text;  ///< the statement, with the values of known variables put in
    std::string note;  ///< "taken", "if/else unknown", "would win", an estimate; may be empty
  };
  std::vector<Item> items;
  /// What it needs. Paths and tools that depend on the run hold "{{".
  std::set<std::string> capabilities, tools, reads, writes;
  Estimate total;
  /// What cannot succeed: a bad path (R303), a capability or tool that is missing (R304).
  std::vector<Diagnostic> problems;
};

struct PlanOptions {
  Profile profile;
  const ToolRegistry* tools = nullptr;  ///< required
  Agent* agent = nullptr;               ///< to count tokens; is not asked
  Rates rates;
  std::vector<std::pair<std::string, Value>> variables;  ///< set before the script begins
};

Plan MakePlan(const Source& source, const Program& program, const PlanOptions& options);

/// The plan for people: an indented list, then what it needs and what it adds up to.
std::string PlanText(const Plan& plan);
/// {"plan": [{"depth", "line", "text", "note"?}], "needs": {...}, "total": {...},
///  "problems": [...]}
void WritePlan(const Plan& plan, JsonWriter* json);

}  // namespace quanta::lite
