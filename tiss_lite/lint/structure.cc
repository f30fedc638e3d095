// SPDX-License-Identifier: MIT
//
// Rules about which statements there are, and their plain values.
#include <algorithm>

#include "tiss_lite/base/chars.h"
#include "tiss_lite/engine/budget.h"
#include "tiss_lite/engine/directives.h"
#include "tiss_lite/lint/rules.h"

namespace quanta::lite::lint {
namespace {

using Kind = StatementKind;

void CheckTasks(const Program& program, Findings* findings) {
  size_t tasks = 0;
  for (const Statement& statement : program.statements) {
    if (statement.kind != Kind::kTask || ++tasks < 2) continue;
    findings->Add("L207", Level::kWarning, statement, "there is a TASK already",
                  "a script has one");
  }
  if (tasks > 0) return;
  findings->AddAt("L206", Level::kWarning, {0, 0}, "the script has no TASK",
                  "say what it is for: TASK \"...\"");
}

void CheckChoose(const Statement& statement, Findings* findings) {
  const auto alternatives =
      std::count_if(statement.body.begin(), statement.body.end(),
                    [](const Statement& child) { return child.kind != Kind::kDirective; });
  if (alternatives >= 2) return;
  const bool none = alternatives == 0;
  findings->Add("L217", none ? Level::kError : Level::kWarning, statement,
                none ? "CHOOSE has nothing to choose from" : "CHOOSE has one alternative only");
}

void CheckBudget(const Statement& statement, Findings* findings) {
  Budget::Unit unit;
  double limit = 0;
  if (!Budget::FindUnit(statement.text, &unit)) {
    findings->Add("L210", Level::kWarning, statement,
                  Concat("a budget called ", statement.text, " has no effect"),
                  "API_CALLS, EXECUTION_TIME or TOKEN_COUNT");
  } else if (!Budget::ReadLimit(unit, statement.value, &limit)) {
    findings->Add("L210", Level::kWarning, statement,
                  Concat(statement.text, " cannot be ", TextForm(statement.value)),
                  unit == Budget::Unit::kSeconds ? "write \"500ms\", \"30s\", \"5m\" or \"1h\""
                                                 : "write a whole number");
  }
}

void CheckDirective(const Statement& statement, Findings* findings) {
  const bool not_local = statement.text == "local.only" &&
                         statement.value.is(Value::Kind::kBoolean) && !statement.value.boolean;
  if (not_local) {
    findings->Add("L209", Level::kInfo, statement, "everything is local here, always");
  } else if (!IsKnownDirective(statement.text)) {
    findings->Add("L209", Level::kInfo, statement,
                  Concat("there is no directive @", statement.text, ": it has no effect"));
  }
}

void CheckEmpty(const Statement& statement, Findings* findings) {
  const bool empty = (statement.has_block && statement.body.empty()) ||
                     (statement.has_other && statement.other.empty());
  if (!empty || statement.kind == Kind::kChoose) return;
  findings->Add("L216", Level::kInfo, statement,
                Concat("a block of this ", KeywordOf(statement.kind), " is empty"));
}

}  // namespace

void CheckStructure(const Program& program, Findings* findings) {
  CheckTasks(program, findings);
  ForEach(program.statements, [findings](const Statement& statement) {
    CheckEmpty(statement, findings);
    switch (statement.kind) {
      case Kind::kPromptAgent:
        if (!statement.variable.empty()) break;
        findings->Add("L212", Level::kInfo, statement, "the answer is kept in LAST_RESPONSE only",
                      "add INTO and a name");
        break;
      case Kind::kChoose:
        CheckChoose(statement, findings);
        break;
      case Kind::kSetBudget:
        CheckBudget(statement, findings);
        break;
      case Kind::kDirective:
        CheckDirective(statement, findings);
        break;
      case Kind::kTry:
        if (statement.has_other) break;
        findings->Add("L224", Level::kWarning, statement, "a TRY without CATCH hides errors",
                      "add CATCH { ... }");
        break;
      default:
        break;
    }
  });
}

}  // namespace quanta::lite::lint
