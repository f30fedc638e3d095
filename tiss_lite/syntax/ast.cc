// SPDX-License-Identifier: MIT
#include "tiss_lite/syntax/ast.h"

#include <algorithm>
#include <iterator>

namespace quanta::lite {
namespace {

struct KindNames {
  const char* type;
  std::string_view keyword;
};

// In the order of StatementKind.
constexpr KindNames kNames[] = {
    {"TASK", "TASK"},
    {"SETUP", "SETUP"},
    {"STEP", "STEP"},
    {"OPTION", "OPTION"},
    {"PARALLEL", "PARALLEL"},
    {"CHOOSE", "CHOOSE"},
    {"ESTIMATE_COST", "ESTIMATE_COST"},
    {"IF", "IF"},
    {"TRY_CATCH", "TRY"},
    {"RUN", "RUN"},
    {"LOG", "LOG"},
    {"WRITE", "WRITE"},
    {"READ", "READ"},
    {"PROMPT_AGENT", "PROMPT_AGENT"},
    {"ASSERT", "ASSERT"},
    {"VAR", "VAR"},
    {"SET_BUDGET", "SET_BUDGET"},
    {"REQUEST_REVIEW", "REQUEST_REVIEW"},
    {"PAUSE", "PAUSE"},
    {"MKDIR", "MKDIR"},
    {"DELETE", "DELETE"},
    {"DIRECTIVE", ""},
    {"BINDING", ""},
};
static_assert(std::size(kNames) == static_cast<size_t>(StatementKind::kBinding) + 1);

constexpr std::string_view kLastRunFields[] = {
    "STDOUT", "STDERR", "EXIT_CODE", "EXECUTION_TIME", "FILE_CONTENT", "COMMAND", "TRUNCATED"};

}  // namespace

std::string Operand::DisplayName() const {
  switch (kind) {
    case Kind::kLastRun:
      return "LAST_RUN." + name;
    case Kind::kCost:
      return name.empty() ? "COST" : "COST." + name;
    case Kind::kEstimate:
      return "ESTIMATE." + name;
    case Kind::kLiteral:
    case Kind::kVariable:
      break;
  }
  return name;
}

const char* TypeName(StatementKind kind) { return kNames[static_cast<size_t>(kind)].type; }

std::string_view KeywordOf(StatementKind kind) { return kNames[static_cast<size_t>(kind)].keyword; }

std::optional<StatementKind> KindOfKeyword(std::string_view keyword) {
  if (keyword.empty()) return std::nullopt;
  for (size_t i = 0; i < std::size(kNames); ++i) {
    if (kNames[i].keyword == keyword) return static_cast<StatementKind>(i);
  }
  return std::nullopt;
}

bool IsLastRunField(std::string_view upper) {
  return std::find(std::begin(kLastRunFields), std::end(kLastRunFields), upper) !=
         std::end(kLastRunFields);
}

}  // namespace quanta::lite
