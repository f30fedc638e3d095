// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "tiss_lite/base/chars.h"
#include "tiss_lite/language/draft.h"
#include "tiss_lite/syntax/ast.h"

namespace quanta::lite {

/// The reading behind ReadDraft(): one pass, no errors.
class DraftReader {
 public:
  explicit DraftReader(const Source& source) : text_(source.text()) {}
  Draft Run();

 private:
  /// What the rest of a statement may hold.
  enum class Rest : uint8_t {
    kBlock,      ///< a description and a block: STEP, TRY, ELSE
    kCondition,  ///< IF, ASSERT
    kLoose,      ///< a text that may have quotes inside: RUN, PROMPT_AGENT
    kPlain,      ///< texts and words: WRITE, READ, CATCH
    kValue,      ///< VAR, SET_BUDGET, directives, bindings
  };
  struct Block {
    int statement;
    bool legacy_if;  ///< ends at ENDIF
  };

  /// Why the header of a statement ended.
  enum class Stop : uint8_t { kLine, kBrace, kOther };

  // draft_reader.cc: statements and blocks
  void ReadStatement();
  void Begin(uint32_t word_end);
  void ReadHeader();
  bool OpensBlock() const;
  bool SkipToBrace();
  void OpenBlock(uint32_t begin, bool legacy_if);
  void CloseBlock(uint32_t end);
  void CloseBrace();
  void CloseLegacyIf();

  // draft_header.cc: what follows the word of a statement
  Stop Scan();
  bool ScanSign();
  bool ScanWord();
  void ScanConditionWord(std::string_view word);
  void ScanQuotedCondition();
  void ScanBareText();
  bool NextLineIsStatement() const;
  void TakeName(bool sets);
  void AddName(Span span, bool sets);

  // draft_texts.cc
  void ScanString();
  void ScanHeredocTag();
  void ReadHeredocBody();
  uint32_t StringEnd(bool* closed) const;
  uint32_t LastQuoteEnd(uint32_t first_end) const;
  bool MayEndAt(uint32_t at) const;
  void AddText(const DraftText& text);

  char Peek(size_t ahead = 0) const {
    return pos_ + ahead < text_.size() ? text_[pos_ + ahead] : '\0';
  }
  bool AtEnd() const { return pos_ >= text_.size(); }
  uint32_t LineEnd(uint32_t from) const;
  std::string_view Word(bool dotted) const;
  void SkipBlanks();
  void SkipComment();
  DraftStatement& Current() { return draft_.statements.back(); }

  std::string_view text_;
  Draft draft_;
  std::vector<Block> blocks_;
  uint32_t pos_ = 0;

  // Of the statement that is being read.
  std::string_view word_;
  Rest rest_ = Rest::kPlain;
  bool interpolates_ = true;
  bool operand_next_ = true;  ///< in a condition: an operand comes next, not an operator
  bool value_next_ = false;   ///< the value of a kValue statement comes next
  bool name_next_ = false;    ///< the name that VAR or SET_BUDGET sets comes next
  bool seen_ = false;         ///< something follows the word
  int brackets_ = 0;
  DraftText heredoc_;  ///< opened on this line, `tag` not empty
};

}  // namespace quanta::lite
