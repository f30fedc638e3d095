// SPDX-License-Identifier: MIT
//
// Which statement may stand where.
#include "tiss_lite/syntax/placement.h"

#include <utility>

#include "tiss_lite/syntax/parser_impl.h"

namespace quanta::lite {
namespace {

using Kind = StatementKind;

bool NeedsBlock(Kind kind) {
  switch (kind) {
    case Kind::kRun:
    case Kind::kWrite:
    case Kind::kRead:
    case Kind::kAssert:
    case Kind::kPromptAgent:
    case Kind::kMkdir:
    case Kind::kDelete:
      return true;
    default:
      return false;
  }
}

std::string NameOf(const Statement& statement) {
  if (statement.kind == Kind::kDirective) return "@" + statement.text;
  if (statement.kind == Kind::kBinding) return "a binding";
  return std::string(KeywordOf(statement.kind));
}

bool MayStandInChoose(Kind kind) {
  return kind == Kind::kStep || kind == Kind::kOption || kind == Kind::kDirective;
}

}  // namespace

Place Inside(const Place& place, Kind kind) {
  Place inside{kind, place.step_barred, place.depth + 1};
  if (kind == Kind::kStep || kind == Kind::kSetup || kind == Kind::kOption) {
    inside.step_barred = true;
  } else if (kind != Kind::kIf && kind != Kind::kTry) {
    inside.step_barred = false;
  }
  return inside;
}

std::optional<Misplacement> FindMisplacement(const Place& place, Kind kind,
                                             const std::string& name) {
  if (!place.parent) {
    if (kind == Kind::kOption) return Misplacement{"OPTION may only stand in CHOOSE", ""};
    if (!NeedsBlock(kind)) return std::nullopt;
    return Misplacement{name + " must stand inside a block", "put it in a STEP"};
  }
  const Kind parent = *place.parent;
  if (parent == Kind::kChoose && !MayStandInChoose(kind)) {
    return Misplacement{"CHOOSE holds only STEP, OPTION and directives, not " + name,
                        "put it in an OPTION"};
  }
  switch (kind) {
    case Kind::kBinding:
      return Misplacement{"a binding may only stand at the top level", "use VAR"};
    case Kind::kTask:
      if (parent == Kind::kEstimateCost) return std::nullopt;
      return Misplacement{"TASK may only stand at the top level or in ESTIMATE_COST", ""};
    case Kind::kSetup:
      if (parent == Kind::kTask) return std::nullopt;
      return Misplacement{"SETUP may only stand at the top level or in TASK", ""};
    case Kind::kOption:
      if (parent == Kind::kChoose) return std::nullopt;
      return Misplacement{"OPTION may only stand in CHOOSE", ""};
    case Kind::kStep:
      if (!place.step_barred) return std::nullopt;
      return Misplacement{"a STEP may not stand inside a STEP, SETUP or OPTION",
                          "close the one before it"};
    default:
      return std::nullopt;
  }
}

bool Parser::CheckPlace(const Place& place, const Statement& statement) {
  auto wrong = FindMisplacement(place, statement.kind, NameOf(statement));
  return !wrong || Fail("E107", statement.span, std::move(wrong->what), std::string(wrong->hint));
}

}  // namespace quanta::lite
