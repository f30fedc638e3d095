// SPDX-License-Identifier: MIT
#include "tiss_lite/language/hover.h"

#include "tiss_lite/base/chars.h"
#include "tiss_lite/base/utf8.h"
#include "tiss_lite/language/variables.h"
#include "tiss_lite/language/words.h"

namespace quanta::lite {
namespace {

std::string Code(std::string_view text) { return Concat("```tiss\n", text, "\n```\n"); }

/// The line of a statement, cut if it is long.
std::string LineOf(const Source& source, uint32_t offset) {
  constexpr size_t kMost = 120;
  const std::string_view line = Trim(source.LineText(source.LineOf(offset)));
  const size_t cut = CutUtf8(line, kMost);
  return Concat(line.substr(0, cut), cut < line.size() ? "..." : "");
}

std::string AboutVariable(const Source& source, const Draft& draft, const DraftName& name) {
  constexpr size_t kMost = 5;
  const std::string_view word = source.TextOf(name.span);
  std::string text = Concat("the variable `", word, "`");
  if (word == "LAST_RESPONSE") return "`LAST_RESPONSE`: the last answer of the agent";
  std::string lines;
  size_t sets = 0, uses = 0;
  for (const DraftName* place : PlacesOf(draft, source, word)) {
    if (!place->sets) ++uses;
    if (!place->sets || ++sets > kMost) continue;
    lines.append(lines.empty() ? "" : "\n").append(LineOf(source, place->span.begin));
  }
  if (sets == 0) return text + ": nothing in the script sets it";
  text.append(Concat(", set ", sets == 1 ? "here" : std::to_string(sets) + " times", ", used ",
                     uses == 1 ? "once" : std::to_string(uses) + " times", "\n"));
  return text + Code(lines);
}

/// The identifier, with dots and "@", that `offset` touches.
Span WordAt(std::string_view text, uint32_t offset) {
  Span span{offset, offset};
  while (span.begin > 0 && (IsIdent(text[span.begin - 1]) || text[span.begin - 1] == '.')) {
    --span.begin;
  }
  while (span.end < text.size() && (IsIdent(text[span.end]) || text[span.end] == '.')) ++span.end;
  if (span.begin > 0 && text[span.begin - 1] == '@') --span.begin;
  return span;
}

/// Whether a word of the language can stand there: not in a comment, and of what a text holds
/// only names in `{{ }}`.
bool IsLanguage(const Source& source, const Draft& draft, Span word) {
  if (draft.InComment(word.begin) && draft.InComment(word.end)) return false;
  const DraftText* text = draft.TextAt(word.begin);
  if (text == nullptr) return true;
  uint32_t before = word.begin;
  while (before > text->span.begin && IsBlank(source.text()[before - 1])) --before;
  return text->interpolated && before >= text->span.begin + 2 &&
         source.text().substr(before - 2, 2) == "{{";
}

}  // namespace

std::optional<Hover> HoverAt(const Source& source, const Draft& draft, uint32_t offset,
                             const ToolsInReach& reach) {
  if (const DraftName* name = NameAt(draft, offset)) {
    return Hover{name->span, AboutVariable(source, draft, *name)};
  }
  Span span;
  const std::string_view name = ToolAt(source, draft, offset, &span);
  const Tool* tool = reach.tools == nullptr ? nullptr : reach.tools->Find(name);
  if (tool != nullptr) {
    const bool granted = reach.capabilities == nullptr || reach.capabilities->MayRun(name);
    return Hover{span, Concat("`", name, "`: ", tool->summary, granted ? "" : " (not granted)")};
  }
  span = WordAt(source.text(), offset);
  if (span.begin == span.end || !IsLanguage(source, draft, span)) return std::nullopt;
  const WordHelp* help = FindWord(source.TextOf(span));
  if (help == nullptr) return std::nullopt;
  return Hover{span, Concat(Code(help->form), help->meaning)};
}

}  // namespace quanta::lite
