// SPDX-License-Identifier: MIT
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tiss_lite/base/chars.h"
#include "tiss_lite/syntax/parser.h"
#include "tiss_lite/syntax/placement.h"

namespace quanta::lite {

/// The recursive descent behind Parse(). The language is read straight from the text, since
/// what a character means depends on the statement that it stands in.
///
/// Methods that can fail return false after they have recorded an error; their callers then
/// return false too, up to a statement list that recovers.
class Parser {
 public:
  Parser(const Source& source, Recovery recovery)
      : source_(source), text_(source.text()), recovery_(recovery) {}
  ParseResult Run();

  /// All of the source as one expression, for conditions written as a string.
  std::optional<Expression> RunExpression();

 private:
  enum class Close : uint8_t { kEnd, kBrace, kEndif };
  struct String {
    std::string value;
    Span span;
    char quote = '"';
  };

  // parser.cc: the script, lists of statements, recovery
  bool CheckEncoding();
  bool ParseList(const Place& place, Close close, const Statement& opener,
                 std::vector<Statement>* out);
  bool ParseOne(const Place& place, std::vector<Statement>* out);
  bool Recover(const Place& place);
  bool StopsLegacyIf();
  bool StrayWord(std::string_view word, Span span);

  // placement.cc
  bool CheckPlace(const Place& place, const Statement& statement);

  // statements.cc: what follows a keyword
  bool ParseStatement(const Place& place, Statement* statement);
  bool ParseSimple(Statement* statement);
  bool ParseDirective(Statement* statement);
  bool ParseBinding(Statement* statement);
  bool ParseWrite(Statement* statement);
  bool ParsePrompt(Statement* statement);
  bool ParseAssignment(Statement* statement);
  bool ParseInto(Statement* statement, bool arrow);
  bool ParseVariable(Statement* statement);

  // blocks.cc
  bool ParseBlockStatement(const Place& place, Statement* statement);
  bool ParseBraces(const Place& place, const Statement& opener, std::vector<Statement>* out,
                   Span* span);
  bool ParseOpenBody(const Place& place, Statement* statement);
  bool ParseIf(const Place& place, Statement* statement);
  bool ParseElse(const Place& place, Statement* statement);
  bool ParseLegacyIf(const Place& place, Statement* statement);
  bool ParseTry(const Place& place, Statement* statement);
  bool BraceFollows();
  bool WordFollows(std::string_view word);
  bool EnterTree(Span span);

  // strings.cc: strings and heredocs
  bool ReadString(String* out);
  bool ReadText(const char* what, Statement* statement, std::string* out);
  bool ReadLooseText(Statement* statement, bool into, bool may_be_empty);
  bool ReadLastQuote(const String& first, bool into, String* out);
  bool OpenHeredoc(Heredoc* heredoc);
  bool ReadHeredocBody(const Statement& statement, const Heredoc& heredoc, std::string* out);

  // values.cc
  bool ParseValue(Statement* statement, bool last_run);
  bool ParseLiteral(Value* value, int depth, std::string_view code);
  bool ParseObject(Value* value, int depth);
  bool ParseListValue(Value* value, int depth);
  bool ParseElement(Value* value, int depth);
  bool ParseBareText(Statement* statement);
  bool ReadNumber(Value* value, std::string_view code);

  // expressions.cc
  bool ParseCondition(Statement* statement);
  bool ParseOr(Expression* out);
  bool ParseAnd(Expression* out);
  bool ParseNot(Expression* out);
  bool ParseTest(Expression* out);
  bool ParseTestTail(Operand first, Expression* out);
  bool ParseOperand(Operand* out);
  bool ParseName(Operand* out);
  bool BadExpression(std::string message);

  // cursor.cc
  char Peek(size_t ahead = 0) const;
  bool AtEnd() const { return pos_ >= text_.size(); }
  bool AtLineEnd() const { return AtEnd() || text_[pos_] == '\n'; }
  void SkipBlanks();
  void SkipComment();     ///< at "#"
  void SkipLines();       ///< blanks, line ends and comments
  void SkipSeparators();  ///< those and ";"
  std::string_view PeekIdent() const;
  std::string_view PeekDotted() const;
  bool TakeWord(std::string_view word);  ///< exactly this identifier
  bool AtStatementEnd() const;           ///< after blanks
  bool ExpectStatementEnd();
  uint32_t LineEnd(uint32_t from) const;

  /// Records an error and returns false.
  bool Fail(std::string_view code, Span span, std::string message, std::string hint = {});
  void Note(std::string_view code, Level level, Span span, std::string message,
            std::string hint = {});
  bool CountNode(Span span);
  Span Here(uint32_t length = 1) const;

  /// Where the reading may come back to.
  struct Mark {
    uint32_t pos;
    size_t comments;
  };
  Mark GetMark() const { return {pos_, result_.program.comments.size()}; }
  void GoTo(const Mark& mark);

  const Source& source_;
  std::string_view text_;
  Recovery recovery_;
  uint32_t pos_ = 0;
  int brace_depth_ = 0;
  int tree_depth_ = 0;
  size_t nodes_ = 0;
  bool started_ = false;  ///< a statement has begun: no more headers
  ParseResult result_;
};

}  // namespace quanta::lite
