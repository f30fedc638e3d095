// SPDX-License-Identifier: MIT
//
// What may be written in a statement, or where one may begin.
#include "tiss_lite/language/completion.h"

#include <algorithm>

#include "tiss_lite/base/chars.h"
#include "tiss_lite/language/completer.h"
#include "tiss_lite/language/variables.h"
#include "tiss_lite/syntax/placement.h"

namespace quanta::lite {
namespace {

/// ELSE and CATCH count as what they follow.
StatementKind BlockKindOf(std::string_view word) {
  if (word == "ELSE") return StatementKind::kIf;
  if (word == "CATCH") return StatementKind::kTry;
  return KindOfKeyword(word).value_or(StatementKind::kIf);
}

}  // namespace

std::vector<Completion> Complete(const Source& source, const Draft& draft, uint32_t offset,
                                 const ToolsInReach& reach) {
  return Completer(source, draft, offset, reach).Run();
}

uint32_t Completer::PrefixBegin() const {
  uint32_t begin = offset_;
  while (begin > 0 && (IsIdent(text_[begin - 1]) || text_[begin - 1] == '.')) --begin;
  return begin;
}

std::string_view Completer::LineBefore() const {
  const std::string_view before = text_.substr(0, offset_);
  const size_t line = before.rfind('\n');
  return before.substr(line == before.npos ? 0 : line + 1);
}

std::vector<Completion> Completer::Run() {
  replaces_ = {PrefixBegin(), offset_};
  if (draft_.InComment(offset_)) return {};
  if (const DraftText* text = draft_.TextAt(offset_)) {
    InText(*text);
    return std::move(out_);
  }
  const int at = draft_.StatementAt(offset_);
  const DraftStatement* statement = at < 0 ? nullptr : &draft_.statements[static_cast<size_t>(at)];
  if (statement == nullptr || offset_ <= statement->word.end) {
    AtStatementStart();
  } else {
    InStatement(*statement);
  }
  return std::move(out_);
}

void Completer::Add(const WordHelp& help, CompletionKind kind) {
  // In the middle of a line the rest of the statement is there already.
  const std::string_view rest = text_.substr(offset_);
  const bool last = TrimBlanks(rest.substr(0, rest.find('\n'))).empty();
  std::string snippet(last ? help.snippet : "");
  out_.push_back({std::string(help.word), kind, std::string(help.form), std::string(help.meaning),
                  std::string(help.word), std::move(snippet), replaces_});
}

void Completer::AddWords(std::span<const WordHelp> words, CompletionKind kind,
                         std::string_view prefix) {
  for (const WordHelp& help : words) {
    if (help.word.starts_with(prefix)) Add(help, kind);
  }
}

void Completer::AddValue(std::string_view value, std::string_view detail) {
  const std::string text(value);
  out_.push_back({text, CompletionKind::kValue, std::string(detail), "", text, "", replaces_});
}

void Completer::AddVariables() {
  for (const std::string_view name : VariablesOf(draft_, source_)) {
    // The one that is being typed is no help.
    const DraftName* here = NameAt(draft_, offset_);
    const bool typed = here != nullptr && source_.TextOf(here->span) == name &&
                       PlacesOf(draft_, source_, name).size() == 1;
    if (typed) continue;
    out_.push_back({std::string(name), CompletionKind::kVariable, "variable", "", std::string(name),
                    "", replaces_});
  }
}

void Completer::Directives() {
  if (replaces_.begin > 0 && text_[replaces_.begin - 1] == '@') --replaces_.begin;
  AddWords(DirectiveHelp(), CompletionKind::kDirective);
}

void Completer::AtStatementStart() {
  const uint32_t begin = replaces_.begin;
  if (begin > 0 && text_[begin - 1] == '@') return Directives();
  // A statement begins after a line end, ";" or a brace, and nowhere else.
  uint32_t before = begin;
  while (before > 0 && IsBlank(text_[before - 1])) --before;
  const char last = before == 0 ? '\n' : text_[before - 1];
  if (last != '\n' && last != ';' && last != '{' && last != '}') return;
  std::vector<int> around;  // from the inside out
  for (int at = draft_.BlockAt(begin); at >= 0;) {
    around.push_back(at);
    at = draft_.statements[static_cast<size_t>(at)].parent;
  }
  Place place;
  for (auto at = around.rbegin(); at != around.rend(); ++at) {
    place = Inside(place, BlockKindOf(WordOf(draft_.statements[static_cast<size_t>(*at)])));
  }
  for (const WordHelp& help : Keywords()) {
    const auto kind = KindOfKeyword(help.word);
    if (kind && last != '}' && !FindMisplacement(place, *kind, "")) {
      Add(help, CompletionKind::kKeyword);
    }
  }
  if (last != '}') Directives();
  // What may follow the block that ended last.
  for (auto s = draft_.statements.rbegin(); s != draft_.statements.rend(); ++s) {
    const bool follows = s->has_block && s->closed && s->block.end <= begin &&
                         Trim(text_.substr(s->block.end, begin - s->block.end)).empty();
    if (!follows) continue;
    for (const WordHelp& help : Keywords()) {
      const bool after = (help.word == "ELSE" && WordOf(*s) == "IF") ||
                         (help.word == "CATCH" && WordOf(*s) == "TRY");
      if (after) Add(help, CompletionKind::kKeyword);
    }
    break;
  }
}

void Completer::InStatement(const DraftStatement& statement) {
  const std::string_view word = WordOf(statement);
  const std::string_view before =
      text_.substr(statement.word.end, replaces_.begin - statement.word.end);
  const bool value = before.find('=') != before.npos;
  if (word.starts_with('@')) return DirectiveValues(word, false);
  if (word == "IF" || word == "ASSERT") return InCondition(statement);
  if (word == "SET_BUDGET" || word == "VAR") return AfterName(word, value);
  if (word == "WRITE" && before.find_first_of("\"'") != before.npos) {
    while (text_[replaces_.begin - 1] == '<') --replaces_.begin;
    out_.push_back({"<<END", CompletionKind::kKeyword, "the lines up to END", "", "<<END\n\nEND",
                    "<<END\n$0\nEND", replaces_});
    return;
  }
  Clause(word, statement);
}

void Completer::AfterName(std::string_view word, bool value) {
  if (word == "SET_BUDGET") {
    if (!value) AddWords(Budgets(), CompletionKind::kValue);
    return;
  }
  if (!value) return AddVariables();
  AddWords(Fields(), CompletionKind::kField, "LAST_RUN.");
}

/// INTO and AS, and the variables after them.
void Completer::Clause(std::string_view word, const DraftStatement& statement) {
  const bool into = word == "PROMPT_AGENT" || word == "REQUEST_REVIEW" || word == "PAUSE";
  const bool as = word == "READ" || word == "CATCH";
  if (!into && !as) return;
  std::string_view before = text_.substr(statement.word.end, replaces_.begin - statement.word.end);
  before = TrimBlanks(before);
  const std::string_view clause = into ? "INTO" : "AS";
  if (before.ends_with(clause)) return AddVariables();
  const bool ready = word == "CATCH" ? before.empty() : !before.empty();
  if (!ready) return;
  for (const WordHelp& help : ClauseWords()) {
    if (help.word == clause) Add(help, CompletionKind::kKeyword);
  }
}

void Completer::InCondition(const DraftStatement& statement) {
  const std::string_view before =
      TrimBlanks(text_.substr(statement.word.end, replaces_.begin - statement.word.end));
  size_t word_begin = before.size();
  while (word_begin > 0 && IsIdent(before[word_begin - 1])) --word_begin;
  const std::string last = Upper(before.substr(word_begin));
  const char sign = before.empty() ? '(' : before.back();
  const bool operand = sign == '(' || sign == '=' || sign == '<' || sign == '>' || sign == '{' ||
                       last == "AND" || last == "OR" || last == "NOT" || last == "CONTAINS";
  for (const WordHelp& help : ConditionWords()) {
    const bool begins = help.word == "NOT" || help.word == "FILE";
    const bool both = help.word == "NOT";
    if (begins == operand || both) Add(help, CompletionKind::kKeyword);
  }
  if (!operand) return;
  AddVariables();
  AddWords(Fields(), CompletionKind::kField);
}

}  // namespace quanta::lite
