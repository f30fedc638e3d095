// SPDX-License-Identifier: MIT
#include "tiss_lite/lint/linter.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "tiss_lite/base/chars.h"
#include "tiss_lite/lint/rules.h"
#include "tiss_lite/syntax/formatter.h"

namespace quanta::lite {
namespace lint {

void Findings::AddAt(std::string_view code, Level level, Span span, std::string message,
                     std::string hint) {
  list_.push_back(MakeDiagnostic(source_, code, level, span, std::move(message), std::move(hint)));
}

void Findings::Add(std::string_view code, Level level, const Statement& at, std::string message,
                   std::string hint) {
  // The statement's first line is enough to find it.
  const std::string_view text = source_.TextOf(at.span);
  const auto length = static_cast<uint32_t>(std::min(text.find('\n'), text.size()));
  AddAt(code, level, {at.span.begin, at.span.begin + length}, std::move(message), std::move(hint));
}

void ForEach(const std::vector<Statement>& statements,
             const std::function<void(const Statement&)>& visit) {
  for (const Statement& statement : statements) {
    visit(statement);
    ForEach(statement.body, visit);
    ForEach(statement.other, visit);
  }
}

std::string_view VariableSetBy(const Statement& statement) {
  const StatementKind kind = statement.kind;
  const bool names = kind == StatementKind::kVar || kind == StatementKind::kBinding;
  return names ? statement.text : statement.variable;
}

void FilePathsOf(const Expression& expression, std::vector<std::string_view>* paths) {
  if (expression.kind == Expression::Kind::kFileExists) paths->push_back(expression.path);
  for (const Expression& child : expression.children) FilePathsOf(child, paths);
}

std::vector<std::string_view> PathsOf(const Statement& statement) {
  std::vector<std::string_view> paths;
  switch (statement.kind) {
    case StatementKind::kWrite:
    case StatementKind::kRead:
    case StatementKind::kMkdir:
    case StatementKind::kDelete:
      // An empty one is the parser's error (E106) already.
      if (!statement.text.empty()) paths.push_back(statement.text);
      break;
    case StatementKind::kIf:
    case StatementKind::kAssert:
      FilePathsOf(statement.condition, &paths);
      break;
    default:
      break;
  }
  return paths;
}

void CheckLayout(const Source& source, const Program& program, Findings* findings) {
  std::string formatted;
  if (!Format(source, program, &formatted)) return;
  const Source ideal("", formatted);
  // Lines can be told apart only where formatting moves none.
  for (uint32_t line = 1; line <= std::min(source.lines(), ideal.lines()); ++line) {
    const std::string_view is = source.LineText(line), should = ideal.LineText(line);
    if (Trim(is) != Trim(should)) return;
    if (is == should || Trim(is).empty()) continue;
    const auto at = static_cast<uint32_t>(is.data() - source.text().data());
    findings->AddAt("L222", Level::kInfo, {at, at + static_cast<uint32_t>(is.size())},
                    "the line is not indented as `tiss-lite fmt` would");
  }
}

}  // namespace lint

namespace {

bool IsStrictError(std::string_view code) {
  return code == "L204" || code == "L206" || code == "L207" || code == "L209" || code == "L215";
}

}  // namespace

std::vector<Diagnostic> Lint(const Source& source, const ParseResult& parsed,
                             const LintOptions& options) {
  lint::Findings findings(source);
  const Program& program = parsed.program;
  lint::CheckStructure(program, &findings);
  lint::CheckVariables(program, options.variables, &findings);
  lint::CheckPaths(program, &findings);
  lint::CheckParallel(program, &findings);
  lint::CheckCommands(program, options, &findings);
  if (options.layout) lint::CheckLayout(source, program, &findings);
  std::vector<Diagnostic> all = findings.Take();
  all.insert(all.end(), parsed.notes.begin(), parsed.notes.end());
  for (Diagnostic& diagnostic : all) {
    if (options.strict && IsStrictError(diagnostic.code)) diagnostic.level = Level::kError;
  }
  SortDiagnostics(&all);
  return all;
}

bool HasErrors(const std::vector<Diagnostic>& diagnostics) {
  return std::any_of(diagnostics.begin(), diagnostics.end(), [](const Diagnostic& diagnostic) {
    return diagnostic.level == Level::kError;
  });
}

}  // namespace quanta::lite
