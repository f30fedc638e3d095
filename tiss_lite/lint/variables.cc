// SPDX-License-Identifier: MIT
//
// Rules about variables: used before they are set, set and never used.
#include <map>
#include <set>

#include "tiss_lite/base/chars.h"
#include "tiss_lite/lint/rules.h"
#include "tiss_lite/syntax/interpolation.h"

namespace quanta::lite::lint {
namespace {

using Kind = StatementKind;

class Checker {
 public:
  Checker(const std::vector<std::string>& known, Findings* findings) : findings_(*findings) {
    set_.insert(known.begin(), known.end());
    set_.insert("LAST_RESPONSE");
  }

  void Run(const Program& program) {
    // Bindings take effect before the first statement.
    for (const Statement& statement : program.statements) {
      if (statement.kind == Kind::kBinding) set_.insert(statement.text);
    }
    List(program.statements);
    for (const auto& [name, where] : first_set_) {
      if (used_.count(name) > 0) continue;
      findings_.Add("L205", Level::kInfo, *where, Concat("the variable ", name, " is never used"));
    }
  }

 private:
  void Use(const std::string& name, const Statement& statement) {
    used_.insert(name);
    if (set_.count(name) > 0 || !reported_.emplace(&statement, name).second) return;
    findings_.Add("L204", Level::kWarning, statement,
                  Concat("nothing before sets the variable ", name));
  }

  void Text(std::string_view text, const Statement& statement) {
    for (const TextPiece& piece : SplitTemplate(text)) {
      const bool variable =
          piece.kind == TextPiece::Kind::kName && piece.name.kind == Operand::Kind::kVariable;
      if (variable) Use(piece.name.name, statement);
    }
  }

  void Condition(const Expression& expression, const Statement& statement) {
    Text(expression.path, statement);
    for (const Operand& operand : expression.operands) {
      if (operand.kind == Operand::Kind::kVariable) Use(operand.name, statement);
      if (operand.kind == Operand::Kind::kLiteral) Text(operand.value.text, statement);
    }
    for (const Expression& child : expression.children) Condition(child, statement);
  }

  void Uses(const Statement& statement) {
    const bool raw = statement.heredoc && statement.heredoc->raw;
    switch (statement.kind) {
      case Kind::kDirective:
      case Kind::kBinding:
      case Kind::kSetBudget:
        return;
      case Kind::kVar:
        if (!raw && !statement.last_run_field) Text(statement.value.text, statement);
        return;
      case Kind::kWrite:
        Text(statement.text, statement);
        if (!raw) Text(statement.content, statement);
        return;
      default:
        if (!raw) Text(statement.text, statement);
        Condition(statement.condition, statement);
        return;
    }
  }

  void Set(const Statement& statement) {
    const std::string name(VariableSetBy(statement));
    if (name.empty()) return;
    set_.insert(name);
    if (statement.kind != Kind::kBinding) first_set_.emplace(name, &statement);
  }

  void List(const std::vector<Statement>& statements) {
    for (const Statement& statement : statements) {
      Uses(statement);
      // CATCH AS sets its variable after what was tried.
      if (statement.kind != Kind::kTry) Set(statement);
      List(statement.body);
      if (statement.kind == Kind::kTry) Set(statement);
      List(statement.other);
    }
  }

  Findings& findings_;
  std::set<std::string> set_, used_;
  std::set<std::pair<const Statement*, std::string>> reported_;
  std::map<std::string, const Statement*> first_set_;
};

}  // namespace

void CheckVariables(const Program& program, const std::vector<std::string>& known,
                    Findings* findings) {
  Checker(known, findings).Run(program);
}

}  // namespace quanta::lite::lint
