// SPDX-License-Identifier: MIT
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "tiss_lite/lint/linter.h"

/// The groups of lint rules; each looks through the whole script.
namespace quanta::lite::lint {

/// Where rules put what they find.
class Findings {
 public:
  explicit Findings(const Source& source) : source_(source) {}
  void Add(std::string_view code, Level level, const Statement& at, std::string message,
           std::string hint = {});
  void AddAt(std::string_view code, Level level, Span span, std::string message,
             std::string hint = {});
  std::vector<Diagnostic> Take() { return std::move(list_); }

 private:
  const Source& source_;
  std::vector<Diagnostic> list_;
};

void CheckStructure(const Program& program,
                    Findings* findings);  // L206 L207 L209 L210 L212 L216 L217 L224
void CheckVariables(const Program& program, const std::vector<std::string>& known,
                    Findings* findings);                         // L204 L205
void CheckPaths(const Program& program, Findings* findings);     // L201
void CheckParallel(const Program& program, Findings* findings);  // L218
void CheckCommands(const Program& program, const LintOptions& options,
                   Findings* findings);  // L202 L203 L219
void CheckLayout(const Source& source, const Program& program, Findings* findings);  // L222

/// Calls `visit` for each statement, those around others first.
void ForEach(const std::vector<Statement>& statements,
             const std::function<void(const Statement&)>& visit);

/// The variable that a statement sets; empty if none.
std::string_view VariableSetBy(const Statement& statement);
/// The paths that a statement names, without their names put in.
std::vector<std::string_view> PathsOf(const Statement& statement);
/// The tests for files in a condition.
void FilePathsOf(const Expression& expression, std::vector<std::string_view>* paths);

}  // namespace quanta::lite::lint
