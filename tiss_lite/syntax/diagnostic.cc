// SPDX-License-Identifier: MIT
#include "tiss_lite/syntax/diagnostic.h"

#include <algorithm>
#include <utility>

#include "tiss_lite/base/chars.h"
#include "tiss_lite/syntax/sort_stably.h"

namespace quanta::lite {
namespace {

/// With a full stop, unless it ends in a mark already, as a review's question does.
std::string Sentence(std::string text) {
  if (text.empty() || std::string_view(".?!").find(text.back()) == std::string_view::npos) {
    text += '.';
  }
  return text;
}

}  // namespace

const char* LevelName(Level level) {
  switch (level) {
    case Level::kInfo:
      return "info";
    case Level::kWarning:
      return "warning";
    case Level::kError:
      return "error";
  }
  return "";
}

Diagnostic MakeDiagnostic(const Source& source, std::string_view code, Level level, Span span,
                          std::string message, std::string hint) {
  const uint32_t line = source.LineOf(span.begin), column = source.ColumnOf(span.begin);
  return {code, level, span, line, column, std::move(message), std::move(hint)};
}

void SortDiagnostics(std::vector<Diagnostic>* diagnostics) {
  SortStably(diagnostics, [](const Diagnostic& a, const Diagnostic& b) {
    if (a.line != b.line) return a.line < b.line;
    if (a.code != b.code) return a.code < b.code;
    return a.column < b.column;
  });
}

std::string OneLine(const Source& source, const Diagnostic& diagnostic) {
  std::string text = Concat(source.name(), ":", std::to_string(diagnostic.line), ":",
                            std::to_string(diagnostic.column), ": ", LevelName(diagnostic.level),
                            "[", diagnostic.code, "]: ", Sentence(diagnostic.message));
  if (!diagnostic.hint.empty()) text.append(" hint: ").append(Sentence(diagnostic.hint));
  return text;
}

void WriteDiagnostic(const Diagnostic& diagnostic, JsonWriter* json) {
  json->BeginObject();
  json->Key("code").String(diagnostic.code);
  json->Key("level").String(LevelName(diagnostic.level));
  json->Key("line").Number(diagnostic.line);
  json->Key("column").Number(diagnostic.column);
  json->Key("message").String(diagnostic.message);
  if (!diagnostic.hint.empty()) json->Key("hint").String(diagnostic.hint);
  json->EndObject();
}

}  // namespace quanta::lite
