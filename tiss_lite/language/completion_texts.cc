// SPDX-License-Identifier: MIT
//
// What may be written inside a text.
#include <algorithm>

#include "tiss_lite/base/chars.h"
#include "tiss_lite/language/completer.h"
#include "tiss_lite/language/variables.h"

namespace quanta::lite {

void Completer::InText(const DraftText& text) {
  const DraftStatement& statement = draft_.statements[static_cast<size_t>(text.statement)];
  const std::string_view word = WordOf(statement);
  if (word.starts_with('@')) return DirectiveValues(word, true);
  if (text.interpolated && (InInterpolation(text) || AfterDollar())) return;
  if (text.heredoc) {
    // The line that ends it.
    if (!TrimBlanks(LineBefore().substr(0, LineBefore().size() - (offset_ - replaces_.begin)))
             .empty()) {
      return;
    }
    return AddValue(source_.TextOf(text.tag), "ends the text");
  }
  Span span;
  static_cast<void>(ToolAt(source_, draft_, offset_, &span));
  if (span.end == 0 || reach_.tools == nullptr) return;
  replaces_.begin = span.begin;
  for (const auto& [name, tool] : reach_.tools->tools()) {
    if (reach_.capabilities != nullptr && !reach_.capabilities->MayRun(name)) continue;
    out_.push_back({name, CompletionKind::kTool, tool.summary, "", name, "", replaces_});
  }
}

/// After "{{" in the line: the names that have values.
bool Completer::InInterpolation(const DraftText& text) {
  uint32_t at = replaces_.begin;
  while (at > text.span.begin && IsBlank(text_[at - 1])) --at;
  if (at < text.span.begin + 2 || text_[at - 1] != '{' || text_[at - 2] != '{') return false;
  if (at >= 3 && text_[at - 3] == '\\') return true;  // braces, not a name
  AddVariables();
  AddWords(Fields(), CompletionKind::kField, "LAST_R");
  const std::string_view rest = text_.substr(offset_);
  const std::string_view missing = rest.starts_with("}}") ? "" : rest.starts_with("}") ? "}" : "}}";
  for (Completion& completion : out_) completion.text.append(missing);
  return true;
}

/// "$name" and "${name" mean nothing here, but hands write them: offers what does.
bool Completer::AfterDollar() {
  uint32_t at = replaces_.begin;
  if (at > 0 && text_[at - 1] == '{') --at;
  if (at == 0 || text_[at - 1] != '$') return false;
  replaces_.begin = at - 1;
  // An editor may have closed the brace already.
  AddVariables();
  for (Completion& completion : out_) {
    completion.detail = "TissLang writes {{" + completion.label + "}}";
    completion.text = "{{" + completion.label + "}}";
  }
  return true;
}

void Completer::DirectiveValues(std::string_view directive, bool quoted) {
  const auto add = [&](std::initializer_list<std::string_view> values) {
    for (const std::string_view value : values) {
      AddValue(quoted ? std::string(value) : Concat("\"", value, "\""));
    }
  };
  if (directive == "@output") return add({"json", "text"});
  if (directive == "@compute.mode") return add({"sip", "balanced", "burst"});
  if (directive == "@local.only" && !quoted) return AddValue("true");
  if (directive != "@requires") return;
  for (const WordHelp& help : CapabilityHelp()) {
    AddValue(quoted ? std::string(help.word) : Concat("\"", help.word, "\""), help.meaning);
  }
}

std::string_view ToolAt(const Source& source, const Draft& draft, uint32_t offset, Span* span) {
  const DraftText* text = draft.TextAt(offset);
  if (text == nullptr || text->heredoc) return {};
  const DraftStatement& statement = draft.statements[static_cast<size_t>(text->statement)];
  if (source.TextOf(statement.word) != "RUN") return {};
  const std::string_view all = source.text();
  // Where the word begins, and whether a command begins with it.
  bool first = true;
  char quote = '\0';
  uint32_t begin = text->span.begin + 1;
  for (uint32_t at = begin; at < offset; ++at) {
    const char c = all[at];
    const bool escaped = c == '\\' && at + 1 < offset;
    if (quote != '\0') {
      if (c == quote) quote = '\0';
    } else if (c == '|' || c == ';' || c == '&') {
      first = true;
      begin = at + 1;
    } else if (IsBlank(c)) {
      first = first && begin == at;
      begin = at + 1;
    } else if (c == '\'' || (c == '"' && at > text->span.begin)) {
      quote = c;
    }
    if (escaped && quote != '\'') {
      ++at;
      if (all[at] == '"') quote = quote == '"' ? '\0' : '"';  // written \" in the script
    }
  }
  if (!first || quote != '\0') return {};
  uint32_t end = offset;
  const uint32_t last = text->span.end - (text->closed ? 1 : 0);
  const auto in_word = [](char c) { return IsIdent(c) || c == '['; };
  while (end < last && in_word(all[end])) ++end;
  if (span != nullptr) *span = {begin, end};
  return all.substr(begin, end - begin);
}

}  // namespace quanta::lite
