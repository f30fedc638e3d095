// SPDX-License-Identifier: MIT
//
// Which statement may stand where.
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

Parser::Place Parser::Inside(const Place& place, Kind kind) const {
  Place inside{kind, place.step_barred, place.depth + 1};
  if (kind == Kind::kStep || kind == Kind::kSetup || kind == Kind::kOption) {
    inside.step_barred = true;
  } else if (kind != Kind::kIf && kind != Kind::kTry) {
    inside.step_barred = false;
  }
  return inside;
}

bool Parser::CheckPlace(const Place& place, const Statement& statement) {
  const Kind kind = statement.kind;
  const std::string name = NameOf(statement);
  const auto fail = [&](std::string message, const char* hint) {
    return Fail("E107", statement.span, std::move(message), hint);
  };
  if (!place.parent) {
    if (kind == Kind::kOption) return fail("OPTION may only stand in CHOOSE", "");
    if (NeedsBlock(kind)) return fail(name + " must stand inside a block", "put it in a STEP");
    return true;
  }
  const Kind parent = *place.parent;
  if (parent == Kind::kChoose && !MayStandInChoose(kind)) {
    return fail("CHOOSE holds only STEP, OPTION and directives, not " + name,
                "put it in an OPTION");
  }
  switch (kind) {
    case Kind::kBinding:
      return fail("a binding may only stand at the top level", "use VAR");
    case Kind::kTask:
      if (parent == Kind::kEstimateCost) return true;
      return fail("TASK may only stand at the top level or in ESTIMATE_COST", "");
    case Kind::kSetup:
      if (parent == Kind::kTask) return true;
      return fail("SETUP may only stand at the top level or in TASK", "");
    case Kind::kOption:
      if (parent == Kind::kChoose) return true;
      return fail("OPTION may only stand in CHOOSE", "");
    case Kind::kStep:
      if (!place.step_barred) return true;
      return fail("a STEP may not stand inside a STEP, SETUP or OPTION", "close the one before it");
    default:
      return true;
  }
}

}  // namespace quanta::lite
