// SPDX-License-Identifier: MIT
//
// Strings and heredocs of drafts.
#include <algorithm>

#include "tiss_lite/language/draft_reader.h"
#include "tiss_lite/syntax/interpolation.h"

namespace quanta::lite {

/// The end of the string at `pos_`: after its quote, or the line's end.
uint32_t DraftReader::StringEnd(bool* closed) const {
  const char quote = Peek();
  const uint32_t end = LineEnd(pos_);
  *closed = false;
  for (uint32_t at = pos_ + 1; at < end; ++at) {
    if (text_[at] == quote) {
      *closed = true;
      return at + 1;
    }
    const char next = at + 1 < end ? text_[at + 1] : '\0';
    if (text_[at] == '\\' && quote == '"' && (next == '"' || next == '\\')) ++at;
  }
  return end;
}

/// Whether a statement with a loose text may end, or go on with INTO, at `at`.
bool DraftReader::MayEndAt(uint32_t at) const {
  while (at < text_.size() && IsBlank(text_[at])) ++at;
  if (at >= text_.size()) return true;
  const char c = text_[at];
  if (c == '\n' || c == ';' || c == '}' || c == '#') return true;
  if (word_ == "RUN" || word_ == "LOG") return false;
  const std::string_view rest = text_.substr(at);
  return (rest.starts_with("INTO") && (rest.size() == 4 || !IsIdent(rest[4]))) ||
         rest.starts_with("->");
}

/// As the parser reads a text with quotes inside: up to the last quote of the line after which
/// the statement may end. `first_end` if there is none.
uint32_t DraftReader::LastQuoteEnd(uint32_t first_end) const {
  if (MayEndAt(first_end)) return first_end;
  for (uint32_t at = LineEnd(pos_) - 1; at > pos_; --at) {
    if (text_[at] == Peek() && MayEndAt(at + 1)) return at + 1;
  }
  return first_end;
}

void DraftReader::ScanString() {
  DraftText text;
  text.span = {pos_, StringEnd(&text.closed)};
  if (rest_ == Rest::kLoose && !seen_ && text.closed) text.span.end = LastQuoteEnd(text.span.end);
  text.interpolated = interpolates_ && brackets_ == 0;
  AddText(text);
  pos_ = text.span.end;
  seen_ = true;
  operand_next_ = false;
}

/// At "<<".
void DraftReader::ScanHeredocTag() {
  pos_ += 2;
  seen_ = true;
  const bool may = word_ == "WRITE" || word_ == "PROMPT_AGENT" || rest_ == Rest::kValue;
  SkipBlanks();
  const char quote = Peek() == '"' || Peek() == '\'' ? Peek() : '\0';
  if (quote != '\0') ++pos_;
  Span tag{pos_, pos_};
  while (tag.end < text_.size() && IsIdent(text_[tag.end])) ++tag.end;
  pos_ = tag.end;
  if (quote != '\0' && Peek() == quote) ++pos_;
  if (!may || word_.starts_with('@') || word_ == "SET_BUDGET") return;
  heredoc_.tag = tag;
  heredoc_.interpolated = interpolates_ && quote == '\0';
}

/// At the end of the line with the tag.
void DraftReader::ReadHeredocBody() {
  DraftText text = heredoc_;
  const std::string_view tag = text_.substr(text.tag.begin, text.tag.end - text.tag.begin);
  text.heredoc = true;
  text.closed = false;
  const uint32_t begin = std::min(pos_ + 1, static_cast<uint32_t>(text_.size()));
  text.span = {begin, begin};
  while (!AtEnd() && !text.closed) {
    const uint32_t line = pos_ + 1;
    pos_ = LineEnd(line);
    std::string_view trimmed = TrimBlanks(text_.substr(line, pos_ - line));
    if (trimmed.ends_with(">>")) trimmed.remove_suffix(2);
    text.closed = trimmed == tag;
    if (!text.closed) text.span.end = pos_;
  }
  AddText(text);
  Current().span.end = pos_;
}

void DraftReader::AddText(const DraftText& text) {
  draft_.texts.push_back(text);
  draft_.texts.back().statement = static_cast<int>(draft_.statements.size()) - 1;
  if (!text.interpolated) return;
  const std::string_view inside = text_.substr(text.span.begin, text.span.end - text.span.begin);
  for (const TextPiece& piece : SplitTemplate(inside)) {
    const bool variable =
        piece.kind == TextPiece::Kind::kName && piece.name.kind == Operand::Kind::kVariable;
    if (!variable) continue;
    size_t at = static_cast<size_t>(piece.text.data() - text_.data()) + 2;
    while (IsBlank(text_[at])) ++at;
    const auto begin = static_cast<uint32_t>(at);
    AddName({begin, begin + static_cast<uint32_t>(piece.name.name.size())}, false);
  }
}

}  // namespace quanta::lite
