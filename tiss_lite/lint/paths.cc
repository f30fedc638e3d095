// SPDX-License-Identifier: MIT
//
// Rules about paths, and about what two branches of a PARALLEL both change.
#include <map>
#include <string>

#include "tiss_lite/base/chars.h"
#include "tiss_lite/lint/rules.h"
#include "tiss_lite/vfs/path.h"

namespace quanta::lite::lint {
namespace {

using Kind = StatementKind;

bool IsLiteral(std::string_view text) { return text.find("{{") == text.npos; }

/// What one branch sets: names, and paths with a "/" before them.
void SetBy(const Statement& branch, std::map<std::string, const Statement*>* sets) {
  const auto add = [sets](const Statement& statement) {
    const std::string_view variable = VariableSetBy(statement);
    if (!variable.empty()) sets->emplace(std::string(variable), &statement);
    const bool changes = statement.kind == Kind::kWrite || statement.kind == Kind::kDelete;
    std::string path;
    if (!changes || !IsLiteral(statement.text)) return;
    if (ResolvePath(statement.text, &path) == nullptr) sets->emplace("/" + path, &statement);
  };
  add(branch);
  ForEach(branch.body, add);
  ForEach(branch.other, add);
}

}  // namespace

void CheckPaths(const Program& program, Findings* findings) {
  ForEach(program.statements, [findings](const Statement& statement) {
    for (const std::string_view path : PathsOf(statement)) {
      std::string resolved;
      // Of a path that is not known, only how it begins.
      const std::string_view known = IsLiteral(path) ? path : path.substr(0, path.find("{{"));
      if (known.empty() && !path.empty()) continue;
      const char* why = ResolvePath(known, &resolved);
      if (why == nullptr) continue;
      findings->Add("L201", Level::kError, statement,
                    Concat("the path \"", path, "\" is not allowed: ", why),
                    "paths are relative to the run's own root");
    }
  });
}

void CheckParallel(const Program& program, Findings* findings) {
  ForEach(program.statements, [findings](const Statement& statement) {
    if (statement.kind != Kind::kParallel) return;
    std::map<std::string, const Statement*> seen;
    for (const Statement& branch : statement.body) {
      std::map<std::string, const Statement*> sets;
      SetBy(branch, &sets);
      for (const auto& [name, where] : sets) {
        const bool path = name[0] == '/';
        const auto earlier = seen.find(name);
        if (earlier == seen.end()) continue;
        findings->Add(
            "L218", Level::kWarning, *where,
            path ? Concat("another branch of PARALLEL changes \"", name.substr(1), "\" too")
                 : Concat("another branch of PARALLEL sets ", name, " too"));
      }
      seen.insert(sets.begin(), sets.end());
    }
  });
}

}  // namespace quanta::lite::lint
