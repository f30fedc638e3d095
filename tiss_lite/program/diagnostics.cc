// SPDX-License-Identifier: MIT
#include "tiss_lite/program/diagnostics.h"

#include <unistd.h>

#include <algorithm>
#include <cstdlib>

#include "runtime/cli/output.h"
#include "tiss_lite/base/chars.h"
#include "tiss_lite/base/utf8.h"
#include "tiss_lite/lint/linter.h"

namespace quanta::lite::program {
namespace {

constexpr char kReset[] = "\x1b[0m", kBold[] = "\x1b[1m", kRed[] = "\x1b[31m",
               kYellow[] = "\x1b[33m", kBlue[] = "\x1b[34m";

const char* ColourOf(Level level) {
  return level == Level::kError ? kRed : level == Level::kWarning ? kYellow : kBlue;
}

std::string Printable(std::string_view text) {
  std::string printable = ToUtf8(text);
  for (char& c : printable) {
    if (c == '\t') c = ' ';
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7F) c = '?';
  }
  return printable;
}

/// `text` from code point `begin` on, `count` of them.
std::string_view Part(std::string_view text, size_t begin, size_t count) {
  const auto skip = [&text](size_t points) {
    size_t at = 0;
    for (; points > 0 && at < text.size(); --points) {
      at += std::max(CodePointLength(text.substr(at)), size_t{1});
    }
    return at;
  };
  text.remove_prefix(skip(begin));
  return text.substr(0, skip(count));
}

}  // namespace

bool WantsColour(int descriptor) {
  const char* no = std::getenv("NO_COLOR");
  return (no == nullptr || *no == '\0') && isatty(descriptor) == 1;
}

std::string Render(const Source& source, const Diagnostic& diagnostic, bool colour) {
  constexpr size_t kWidth = 100, kBefore = 60, kNumberWidth = 5;
  std::string text = Printable(OneLine(source, diagnostic));
  if (colour) {
    const std::string level = Concat(LevelName(diagnostic.level), "[", diagnostic.code, "]");
    const size_t at = text.find(level);
    if (at != text.npos) {
      text.insert(at + level.size(), kReset);
      text.insert(at, Concat(kBold, ColourOf(diagnostic.level)));
    }
  }
  const std::string line = Printable(source.LineText(diagnostic.line));
  if (Trim(line).empty()) return text + "\n";
  const size_t column = diagnostic.column - 1;
  const size_t from = column > kBefore ? column - kBefore : 0;
  const std::string_view shown = Part(line, from, kWidth);
  std::string number = std::to_string(diagnostic.line);
  number.insert(0, kNumberWidth - std::min(kNumberWidth, number.size()), ' ');
  text.append("\n").append(number).append(" | ").append(shown).append("\n");
  text.append(kNumberWidth, ' ').append(" | ").append(column - from, ' ');
  const size_t marked = diagnostic.span.end - diagnostic.span.begin;
  const size_t room = CountCodePoints(shown) - std::min(CountCodePoints(shown), column - from);
  const std::string caret =
      "^" + std::string(std::min(std::max(marked, size_t{1}), std::max(room, size_t{1})) - 1, '~');
  return text.append(colour ? ColourOf(diagnostic.level) : "")
      .append(caret)
      .append(colour ? kReset : "")
      .append("\n");
}

Diagnostic DiagnosticOf(const Source& source, const RunError& error) {
  const std::string_view line = source.LineText(error.line);
  const std::string_view trimmed = Trim(line);
  Span span;
  if (!trimmed.empty()) {
    span.begin = static_cast<uint32_t>(trimmed.data() - source.text().data());
    span.end = span.begin + static_cast<uint32_t>(trimmed.size());
  }
  return MakeDiagnostic(source, error.code, Level::kError, span, error.message);
}

void Show(const Source& source, const std::vector<Diagnostic>& diagnostics) {
  const bool colour = WantsColour(STDERR_FILENO);
  for (const Diagnostic& diagnostic : diagnostics) {
    std::string text = Render(source, diagnostic, colour);
    if (text.ends_with('\n')) text.pop_back();
    cli::Complain(text);
  }
}

std::string DiagnosticsJson(const Source& source, const std::vector<Diagnostic>& diagnostics) {
  JsonWriter json(2);
  json.BeginObject();
  json.Key("ok").Boolean(!HasErrors(diagnostics));
  json.Key("file").String(source.name());
  json.Key("diagnostics").BeginList();
  for (const Diagnostic& diagnostic : diagnostics) WriteDiagnostic(diagnostic, &json);
  json.EndList();
  json.EndObject();
  return json.Take() + "\n";
}

}  // namespace quanta::lite::program
