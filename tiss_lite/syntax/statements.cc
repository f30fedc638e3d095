// SPDX-License-Identifier: MIT
//
// What may follow each keyword.
#include <utility>

#include "tiss_lite/syntax/parser_impl.h"

namespace quanta::lite {

using Kind = StatementKind;

bool Parser::ParseStatement(const Place& place, Statement* statement) {
  const std::string_view word = PeekIdent();
  Span& span = statement->span;
  span.end = pos_ + static_cast<uint32_t>(word.empty() ? 1 : word.size());
  if (!CountNode(span)) return false;
  if (Peek() == '@') return ParseDirective(statement) && CheckPlace(place, *statement);
  if (word.empty()) {
    return Fail("E101", span, "a statement cannot begin like this",
                "statements begin with a keyword such as STEP, RUN or LOG");
  }
  if (const auto kind = KindOfKeyword(word)) {
    statement->kind = *kind;
    pos_ = span.end;
    return CheckPlace(place, *statement) &&
           (ParseBlockStatement(place, statement) && ParseSimple(statement));
  }
  size_t ahead = word.size();
  while (IsBlank(Peek(ahead))) ++ahead;
  const bool assigns = Peek(ahead) == '=' && Peek(ahead + 1) != '=';
  const bool stray = word == "ELSE" || word == "ENDIF" || word == "CATCH" || word == "THEN";
  if (!assigns || stray) return StrayWord(word, span);
  statement->kind = Kind::kBinding;
  return CheckPlace(place, *statement) && ParseBinding(statement);
}

/// Statements without a block; the others have been read.
bool Parser::ParseSimple(Statement* statement) {
  switch (statement->kind) {
    case Kind::kRun:
      return ReadLooseText(statement, /*into=*/false, /*may_be_empty=*/false);
    case Kind::kLog:
      return ReadLooseText(statement, false, true);
    case Kind::kRequestReview:
    case Kind::kPause:
      return ReadLooseText(statement, true, false) && ParseInto(statement, /*arrow=*/false);
    case Kind::kPromptAgent:
      return ParsePrompt(statement);
    case Kind::kWrite:
      return ParseWrite(statement);
    case Kind::kMkdir:
    case Kind::kDelete:
      return ReadText("a path", statement, &statement->text);
    case Kind::kRead:
      if (!ReadText("a path", statement, &statement->text)) return false;
      SkipBlanks();
      if (!TakeWord("AS")) {
        return Fail("E106", statement->span, "READ needs AS and a variable",
                    "READ \"file.txt\" AS text");
      }
      return ParseVariable(statement);
    case Kind::kAssert:
      return ParseCondition(statement);
    case Kind::kVar:
    case Kind::kSetBudget:
      return ParseAssignment(statement);
    default:
      return true;
  }
}

bool Parser::ParseVariable(Statement* statement) {
  SkipBlanks();
  const std::string_view name = PeekIdent();
  if (name.empty()) {
    return Fail("E106", Here(), "the name of a variable is missing",
                "letters, digits and _, not beginning with a digit");
  }
  statement->variable = name;
  pos_ += static_cast<uint32_t>(name.size());
  return true;
}

bool Parser::ParseInto(Statement* statement, bool arrow) {
  SkipBlanks();
  if (arrow && Peek() == '-' && Peek(1) == '>') {
    Note("L215", Level::kInfo, statement->span, "'->' is the old form of INTO", "write INTO");
    pos_ += 2;
    return ParseVariable(statement);
  }
  return !TakeWord("INTO") || ParseVariable(statement);
}

bool Parser::ParseDirective(Statement* statement) {
  statement->kind = Kind::kDirective;
  ++pos_;
  const std::string_view name = PeekDotted();
  if (name.empty()) return Fail("E106", statement->span, "the name of the directive is missing");
  statement->text = name;
  pos_ += static_cast<uint32_t>(name.size());
  statement->span.end = pos_;
  SkipBlanks();
  return ParseValue(statement, /*last_run=*/false);
}

bool Parser::ParseBinding(Statement* statement) {
  statement->text = PeekIdent();
  pos_ = statement->span.end;
  SkipBlanks();
  ++pos_;  // "=", which the caller has seen
  SkipBlanks();
  return ParseValue(statement, false);
}

bool Parser::ParseAssignment(Statement* statement) {
  SkipBlanks();
  const std::string_view name = PeekIdent();
  const bool var = statement->kind == Kind::kVar;
  if (name.empty()) {
    return Fail("E106", statement->span, Concat(KeywordOf(statement->kind), " needs a name"),
                var ? "VAR name = value" : "SET_BUDGET API_CALLS = 5");
  }
  statement->text = name;
  pos_ += static_cast<uint32_t>(name.size());
  SkipBlanks();
  if (Peek() != '=' || Peek(1) == '=') {
    return Fail("E106", statement->span,
                Concat(KeywordOf(statement->kind), " needs '=' and a value after the name"));
  }
  ++pos_;
  SkipBlanks();
  return ParseValue(statement, var);
}

bool Parser::ParseWrite(Statement* statement) {
  if (!ReadText("a path", statement, &statement->text)) return false;
  SkipBlanks();
  if (Peek() == '<' && Peek(1) == '<') {
    statement->heredoc.emplace();
    return OpenHeredoc(&*statement->heredoc) &&
           ReadHeredocBody(*statement, *statement->heredoc, &statement->content);
  }
  if (Peek() != '"' && Peek() != '\'') {
    return Fail("E106", statement->span, "WRITE needs what to write after the path",
                "<<TAG and the lines up to TAG, or a text in quotes");
  }
  String string;
  if (!ReadString(&string)) return false;
  statement->content = std::move(string.value);
  return true;
}

bool Parser::ParsePrompt(Statement* statement) {
  SkipBlanks();
  if (Peek() != '<' || Peek(1) != '<') {
    return ReadLooseText(statement, true, false) && ParseInto(statement, true);
  }
  statement->heredoc.emplace();
  if (!OpenHeredoc(&*statement->heredoc) || !ParseInto(statement, true) ||
      !ReadHeredocBody(*statement, *statement->heredoc, &statement->text)) {
    return false;
  }
  if (!statement->text.empty()) return true;
  return Fail("E106", statement->span, "the prompt is empty");
}

}  // namespace quanta::lite
