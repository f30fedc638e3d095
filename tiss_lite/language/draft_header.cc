// SPDX-License-Identifier: MIT
//
// What follows the word of a statement.
#include <algorithm>

#include "tiss_lite/base/number.h"
#include "tiss_lite/language/draft_reader.h"

namespace quanta::lite {
namespace {

bool IsTruth(std::string_view word) {
  return EqualsAnyCase(word, "true") || EqualsAnyCase(word, "false");
}

bool IsBareField(std::string_view word) {
  return word == "STDOUT" || word == "STDERR" || word == "EXIT_CODE" || word == "COST";
}

}  // namespace

/// Reads up to what ends the header: a line end or comment, the brace of a block, anything else.
DraftReader::Stop DraftReader::Scan() {
  for (;;) {
    if (value_next_) ScanBareText();
    SkipBlanks();
    if (AtEnd()) return Stop::kLine;
    const char c = Peek();
    if (c == '\n' || c == '#') {
      if (brackets_ == 0 || NextLineIsStatement()) return Stop::kLine;
      if (c == '#') {
        SkipComment();
      } else {
        ++pos_;
      }
    } else if (brackets_ == 0 && (c == ';' || c == '}')) {
      return Stop::kOther;
    } else if (c == '{' && OpensBlock() && brackets_ == 0 &&
               (Peek(1) != '{' || rest_ == Rest::kBlock)) {
      return Stop::kBrace;
    } else if (IsIdentStart(c)) {
      if (!ScanWord()) return Stop::kOther;
    } else if (!ScanSign()) {
      ++pos_;
    }
  }
}

/// True if it moved.
bool DraftReader::ScanSign() {
  const char c = Peek();
  if (c == '"' || c == '\'') {
    ScanString();
    return true;
  }
  if (c == '<' && Peek(1) == '<') {
    ScanHeredocTag();
    return true;
  }
  if (c == '-' && Peek(1) == '>' && word_ == "PROMPT_AGENT") {
    pos_ += 2;
    TakeName(true);
    return true;
  }
  if (rest_ == Rest::kValue) {
    if (c == '=' && brackets_ == 0 && !seen_) value_next_ = true;
    if (c == '{' || c == '[') ++brackets_;
    if (c == '}' || c == ']') brackets_ = std::max(0, brackets_ - 1);
    return false;
  }
  if (rest_ != Rest::kCondition) return false;
  seen_ = true;
  if (c == '{' && Peek(1) == '{') {
    pos_ += 2;
    SkipBlanks();
    ScanConditionWord(Word(true));
    SkipBlanks();
    if (Peek() == '}') ++pos_;
    if (Peek() == '}') ++pos_;
    return true;
  }
  if (IsDigit(c)) {
    while (IsIdent(Peek()) || Peek() == '.') ++pos_;
    operand_next_ = false;
    return true;
  }
  if (c == '[') ++brackets_;
  if (c == ']') brackets_ = std::max(0, brackets_ - 1);
  operand_next_ = c != ']' && c != ')';
  return false;
}

/// False if the word begins another statement.
bool DraftReader::ScanWord() {
  const std::string_view word = Word(true);
  if (word_ == "ELSE" && word == "IF") return false;
  if (rest_ == Rest::kCondition) {
    seen_ = true;
    ScanConditionWord(word);
    return true;
  }
  if (name_next_) {
    name_next_ = false;
    if (word_ == "VAR") {
      TakeName(true);
      return true;
    }
  }
  pos_ += static_cast<uint32_t>(word.size());
  const bool as = word == "AS" && (word_ == "READ" || word_ == "CATCH");
  const bool into = word == "INTO" && rest_ == Rest::kLoose;
  if (as || into) TakeName(true);
  return true;
}

void DraftReader::ScanConditionWord(std::string_view word) {
  const Span span{pos_, pos_ + static_cast<uint32_t>(word.size())};
  pos_ = span.end;
  if (word.empty() || brackets_ > 0) return;
  if (!operand_next_) {
    operand_next_ =
        EqualsAnyCase(word, "AND") || EqualsAnyCase(word, "OR") || EqualsAnyCase(word, "CONTAINS");
    return;
  }
  if (word == "NOT") return;
  size_t ahead = 0;
  while (IsBlank(Peek(ahead))) ++ahead;
  if (word == "FILE" && (Peek(ahead) == '"' || Peek(ahead) == '\'')) return;
  operand_next_ = false;
  const bool dotted = word.find('.') != word.npos;
  if (!dotted && !IsTruth(word) && !IsBareField(word)) AddName(span, false);
}

/// The old IF may have its condition in quotes: the names are those of that condition.
void DraftReader::ScanQuotedCondition() {
  const int statement = static_cast<int>(draft_.statements.size()) - 1;
  const auto of_this = [statement](const auto& one) { return one.statement == statement; };
  const auto texts = std::count_if(draft_.texts.begin(), draft_.texts.end(), of_this);
  if (texts != 1) return;
  const Span span = draft_.texts.back().span;
  const Span between{Current().word.end, span.begin}, after{span.end, Current().span.end};
  for (const Span rest : {between, after}) {
    if (!TrimBlanks(text_.substr(rest.begin, rest.end - rest.begin)).empty()) return;
  }
  while (!draft_.names.empty() && of_this(draft_.names.back())) draft_.names.pop_back();
  const size_t kept = draft_.texts.size();
  const std::string_view all = text_;
  const uint32_t pos = pos_;
  text_ = text_.substr(0, span.end - 1);
  pos_ = span.begin + 1;
  operand_next_ = true;
  Scan();
  text_ = all;
  pos_ = pos;
  brackets_ = 0;
  draft_.texts.resize(kept);
}

/// Before a value: reads it if it is a text without quotes, or a number.
void DraftReader::ScanBareText() {
  SkipBlanks();
  const uint32_t before = pos_;
  value_next_ = false;
  seen_ = true;
  const char c = Peek();
  const bool heredoc = c == '<' && Peek(1) == '<';
  if (c == '"' || c == '\'' || c == '{' || c == '[' || heredoc) return;
  // Behind a number or truth value a comment may begin at once; in a text it needs a blank.
  const std::string_view rest = std::string_view(text_).substr(pos_);
  size_t length = NumberLength(rest);
  if (length == 0) {
    while (length < rest.size() && IsIdent(rest[length])) ++length;
    const std::string_view word = rest.substr(0, length);
    if (!EqualsAnyCase(word, "true") && !EqualsAnyCase(word, "false")) length = 0;
  }
  if (length != 0 && length < rest.size() && rest[length] == '#') {
    pos_ += static_cast<uint32_t>(length);
    return;
  }
  while (!AtEnd() && Peek() != '\n' && Peek() != ';' && Peek() != '}') {
    if (Peek() == '#' && (pos_ == before || IsBlank(text_[pos_ - 1]))) break;
    ++pos_;
  }
}

/// In brackets, at a line end or comment: true if the next line begins like a statement, so
/// that the bracket was probably never closed.
bool DraftReader::NextLineIsStatement() const {
  size_t at = std::min(text_.find('\n', pos_), text_.size());
  while (at < text_.size() && IsSpace(text_[at])) ++at;
  if (at < text_.size() && text_[at] == '@') return true;
  size_t length = 0;
  while (at + length < text_.size() && IsIdent(text_[at + length])) ++length;
  if (!BeginsStatement(text_.substr(at, length))) return false;
  at += length;
  const size_t blank = at;
  while (at < text_.size() && IsBlank(text_[at])) ++at;
  const char next = at < text_.size() ? text_[at] : '\0';
  return at > blank && next != ',' && next != ':' && next != ']' && next != '}' && next != '\n';
}

/// After INTO and the like.
void DraftReader::TakeName(bool sets) {
  SkipBlanks();
  const std::string_view name = Word(false);
  if (name.empty()) return;
  const Span span{pos_, pos_ + static_cast<uint32_t>(name.size())};
  pos_ = span.end;
  AddName(span, sets);
}

void DraftReader::AddName(Span span, bool sets) {
  draft_.names.push_back({span, static_cast<int>(draft_.statements.size()) - 1, sets});
}

}  // namespace quanta::lite
