// SPDX-License-Identifier: MIT
//
// How the parser moves through the text, and how it complains.
#include <algorithm>
#include <utility>

#include "tiss_lite/syntax/header.h"
#include "tiss_lite/syntax/parser_impl.h"

namespace quanta::lite {

char Parser::Peek(size_t ahead) const {
  return pos_ + ahead < text_.size() ? text_[pos_ + ahead] : '\0';
}

void Parser::SkipBlanks() {
  while (IsBlank(Peek())) ++pos_;
}

uint32_t Parser::LineEnd(uint32_t from) const {
  return static_cast<uint32_t>(std::min(text_.find('\n', from), text_.size()));
}

void Parser::SkipComment() {
  const Span span{pos_, LineEnd(pos_)};
  result_.program.comments.push_back({span});
  pos_ = span.end;
}

void Parser::SkipLines() {
  while (!AtEnd()) {
    if (Peek() == '#') {
      SkipComment();
    } else if (IsSpace(Peek())) {
      ++pos_;
    } else {
      return;
    }
  }
}

void Parser::SkipSeparators() {
  SkipLines();
  while (Peek() == ';') {
    ++pos_;
    SkipLines();
  }
}

std::string_view Parser::PeekIdent() const {
  if (!IsIdentStart(Peek())) return {};
  size_t length = 1;
  while (IsIdent(Peek(length))) ++length;
  return text_.substr(pos_, length);
}

std::string_view Parser::PeekDotted() const {
  size_t length = PeekIdent().size();
  while (length > 0 && Peek(length) == '.' && IsIdentStart(Peek(length + 1))) {
    ++length;
    while (IsIdent(Peek(length))) ++length;
  }
  return text_.substr(pos_, length);
}

bool Parser::TakeWord(std::string_view word) {
  if (PeekIdent() != word) return false;
  pos_ += static_cast<uint32_t>(word.size());
  return true;
}

bool Parser::AtStatementEnd() const {
  size_t ahead = 0;
  while (IsBlank(Peek(ahead))) ++ahead;
  const char c = Peek(ahead);
  return pos_ + ahead >= text_.size() || c == '\n' || c == ';' || c == '}' || c == '#';
}

bool Parser::ExpectStatementEnd() {
  if (AtStatementEnd()) return true;
  SkipBlanks();
  return Fail("E115", {pos_, LineEnd(pos_)}, "there is text after the end of the statement",
              "a statement ends at the line end, at ';' or before '}'");
}

Span Parser::Here(uint32_t length) const { return {pos_, std::min(pos_ + length, source_.size())}; }

bool Parser::Fail(std::string_view code, Span span, std::string message, std::string hint) {
  constexpr size_t kMaxErrors = 100;
  if (result_.errors.size() < kMaxErrors) {
    result_.errors.push_back(
        MakeDiagnostic(source_, code, Level::kError, span, std::move(message), std::move(hint)));
  }
  return false;
}

void Parser::Note(std::string_view code, Level level, Span span, std::string message,
                  std::string hint) {
  result_.notes.push_back(
      MakeDiagnostic(source_, code, level, span, std::move(message), std::move(hint)));
}

bool Parser::CountNode(Span span) {
  if (++nodes_ <= kMaxNodes) return true;
  if (nodes_ > kMaxNodes + 1) return false;  // once is enough
  return Fail("E111", span, "the script has more than " + std::to_string(kMaxNodes) + " parts",
              "split it into several scripts");
}

bool Parser::EnterTree(Span span) {
  if (++tree_depth_ <= kMaxTreeDepth) return true;
  return Fail("E114", span, "this is nested too deeply");
}

void Parser::GoTo(const Mark& mark) {
  pos_ = mark.pos;
  result_.program.comments.resize(mark.comments);
}

}  // namespace quanta::lite
