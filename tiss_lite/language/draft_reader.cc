// SPDX-License-Identifier: MIT
//
// Statements and their blocks.
#include "tiss_lite/language/draft_reader.h"

#include <algorithm>

namespace quanta::lite {
namespace {

using Kind = StatementKind;

bool IsContinuation(std::string_view word) {
  return word == "ELSE" || word == "CATCH" || word == "ENDIF" || word == "THEN";
}

}  // namespace

bool BeginsStatement(std::string_view word) {
  return KindOfKeyword(word).has_value() || IsContinuation(word);
}

uint32_t DraftReader::LineEnd(uint32_t from) const {
  return static_cast<uint32_t>(std::min(text_.find('\n', from), text_.size()));
}

std::string_view DraftReader::Word(bool dotted) const {
  if (!IsIdentStart(Peek())) return {};
  size_t length = 1;
  while (IsIdent(Peek(length)) ||
         (dotted && Peek(length) == '.' && IsIdentStart(Peek(length + 1)))) {
    ++length;
  }
  return text_.substr(pos_, length);
}

void DraftReader::SkipBlanks() {
  while (IsBlank(Peek())) ++pos_;
}

void DraftReader::SkipComment() {
  draft_.comments.push_back({pos_, LineEnd(pos_)});
  pos_ = LineEnd(pos_);
}

Draft DraftReader::Run() {
  while (!AtEnd()) {
    if (IsSpace(Peek()) || Peek() == ';') {
      ++pos_;
    } else if (Peek() == '#') {
      SkipComment();
    } else if (Peek() == '}') {
      ++pos_;
      CloseBrace();
    } else {
      ReadStatement();
    }
  }
  for (const Block& block : blocks_) {
    draft_.statements[static_cast<size_t>(block.statement)].block.end = pos_;
  }
  return std::move(draft_);
}

void DraftReader::Begin(uint32_t word_end) {
  DraftStatement statement;
  statement.word = {pos_, word_end};
  statement.span = statement.word;
  statement.parent = blocks_.empty() ? -1 : blocks_.back().statement;
  statement.depth = static_cast<int>(blocks_.size());
  draft_.statements.push_back(statement);
  word_ = text_.substr(pos_, word_end - pos_);
  pos_ = word_end;
  rest_ = Rest::kPlain;
  interpolates_ = operand_next_ = true;
  value_next_ = name_next_ = seen_ = false;
  brackets_ = 0;
  heredoc_ = {};
}

void DraftReader::ReadStatement() {
  if (Peek() == '@') {
    ++pos_;
    const auto length = static_cast<uint32_t>(Word(true).size());
    --pos_;
    Begin(pos_ + 1 + length);
    rest_ = Rest::kValue;
    interpolates_ = false;
    value_next_ = true;
    return ReadHeader();
  }
  const std::string_view word = Word(false);
  const uint32_t begin = pos_;
  Begin(pos_ + static_cast<uint32_t>(word.empty() ? 1 : word.size()));
  if (word == "ENDIF") return CloseLegacyIf();
  if (const auto kind = KindOfKeyword(word)) {
    switch (*kind) {
      case Kind::kIf:
      case Kind::kAssert:
        rest_ = Rest::kCondition;
        break;
      case Kind::kRun:
      case Kind::kLog:
      case Kind::kPromptAgent:
      case Kind::kRequestReview:
      case Kind::kPause:
        rest_ = Rest::kLoose;
        break;
      case Kind::kVar:
      case Kind::kSetBudget:
        rest_ = Rest::kValue;
        interpolates_ = *kind == Kind::kVar;
        name_next_ = true;
        break;
      case Kind::kWrite:
      case Kind::kRead:
      case Kind::kMkdir:
      case Kind::kDelete:
        break;
      default:
        rest_ = Rest::kBlock;
        break;
    }
  } else if (!IsContinuation(word) && !word.empty()) {
    SkipBlanks();
    if (Peek() == '=' && Peek(1) != '=') {
      rest_ = Rest::kValue;
      interpolates_ = false;
      AddName({begin, begin + static_cast<uint32_t>(word.size())}, true);
    }
  }
  ReadHeader();
}

bool DraftReader::OpensBlock() const {
  return rest_ == Rest::kBlock || word_ == "IF" || word_ == "ELSE" || word_ == "CATCH";
}

void DraftReader::ReadHeader() {
  const Stop stop = Scan();
  DraftStatement& statement = Current();
  statement.span.end = std::max(pos_, statement.span.end);
  if (stop == Stop::kBrace) return OpenBlock(pos_++, false);
  const uint32_t end = pos_;
  // The old form of STEP and SETUP has no brace before its statements.
  const bool open_body = (word_ == "STEP" || word_ == "SETUP") && seen_;
  if (stop == Stop::kOther) {
    if (open_body) OpenBlock(end, false);
    return;
  }
  if (Peek() == '#') SkipComment();
  if (heredoc_.tag.begin < heredoc_.tag.end) return ReadHeredocBody();
  if (!OpensBlock()) return;
  const size_t comments = draft_.comments.size();
  const uint32_t line_end = pos_;
  if (SkipToBrace()) return OpenBlock(pos_++, false);
  pos_ = line_end;
  draft_.comments.resize(comments);
  // The old form of IF has no braces at all.
  const bool legacy_if = word_ == "IF" && seen_ && !AtEnd();
  if (legacy_if) ScanQuotedCondition();
  if (open_body || legacy_if) OpenBlock(end, legacy_if);
}

bool DraftReader::SkipToBrace() {
  while (!AtEnd()) {
    if (Peek() == '#') {
      SkipComment();
    } else if (IsSpace(Peek())) {
      ++pos_;
    } else {
      return Peek() == '{';
    }
  }
  return false;
}

void DraftReader::OpenBlock(uint32_t begin, bool legacy_if) {
  Current().has_block = true;
  Current().block = {begin, begin};
  blocks_.push_back({static_cast<int>(draft_.statements.size()) - 1, legacy_if});
}

void DraftReader::CloseBlock(uint32_t end) {
  DraftStatement& statement = draft_.statements[static_cast<size_t>(blocks_.back().statement)];
  statement.block.end = end;
  statement.closed = true;
  blocks_.pop_back();
}

/// After a "}", in the place of which no ENDIF can stand: an IF that waits for one ends too.
void DraftReader::CloseBrace() {
  while (!blocks_.empty() && blocks_.back().legacy_if) CloseBlock(pos_);
  if (!blocks_.empty()) CloseBlock(pos_);
}

/// At the ENDIF, which is the current statement.
void DraftReader::CloseLegacyIf() {
  if (blocks_.empty() || !blocks_.back().legacy_if) return;
  CloseBlock(Current().word.end);
  Current().parent = blocks_.empty() ? -1 : blocks_.back().statement;
  Current().depth = static_cast<int>(blocks_.size());
}

Draft ReadDraft(const Source& source) { return DraftReader(source).Run(); }

int Draft::StatementAt(uint32_t offset) const {
  const auto after =
      std::upper_bound(statements.begin(), statements.end(), offset,
                       [](uint32_t at, const DraftStatement& s) { return at < s.span.begin; });
  if (after == statements.begin() || (after - 1)->span.end < offset) return -1;
  return static_cast<int>(after - statements.begin()) - 1;
}

int Draft::BlockAt(uint32_t offset) const {
  const auto after =
      std::upper_bound(statements.begin(), statements.end(), offset,
                       [](uint32_t at, const DraftStatement& s) { return at <= s.span.begin; });
  int at = static_cast<int>(after - statements.begin()) - 1;
  // The statement before `offset`, or what it stands in.
  while (at >= 0) {
    const DraftStatement& statement = statements[static_cast<size_t>(at)];
    const bool past = statement.closed && statement.block.end <= offset;
    if (statement.has_block && statement.block.begin < offset && !past) return at;
    at = statement.parent;
  }
  return -1;
}

const DraftText* Draft::TextAt(uint32_t offset) const {
  const auto after =
      std::upper_bound(texts.begin(), texts.end(), offset,
                       [](uint32_t at, const DraftText& text) { return at < text.span.begin; });
  if (after == texts.begin()) return nullptr;
  const DraftText& text = *(after - 1);
  const bool in = text.heredoc
                      ? offset <= text.span.end
                      : offset > text.span.begin &&
                            (offset < text.span.end || (offset == text.span.end && !text.closed));
  return in ? &text : nullptr;
}

bool Draft::InComment(uint32_t offset) const {
  const auto after =
      std::upper_bound(comments.begin(), comments.end(), offset,
                       [](uint32_t at, const Span& span) { return at <= span.begin; });
  return after != comments.begin() && offset <= (after - 1)->end;
}

}  // namespace quanta::lite
