// SPDX-License-Identifier: MIT
//
// Statements with blocks, in the form with braces and in the legacy forms.
#include <utility>

#include "tiss_lite/syntax/parser_impl.h"

namespace quanta::lite {

using Kind = StatementKind;

bool Parser::BraceFollows() {
  const Mark mark = GetMark();
  SkipLines();
  if (Peek() == '{') return true;
  GoTo(mark);
  return false;
}

bool Parser::WordFollows(std::string_view word) {
  const Mark mark = GetMark();
  SkipLines();
  if (TakeWord(word)) return true;
  GoTo(mark);
  return false;
}

/// True without reading anything if the statement has no block.
bool Parser::ParseBlockStatement(const Place& place, Statement* statement) {
  SkipBlanks();
  switch (statement->kind) {
    case Kind::kTask:
      if (!ReadText("a description", statement, &statement->text)) return false;
      statement->has_block = BraceFollows();
      return !statement->has_block ||
             ParseBraces(place, *statement, &statement->body, &statement->body_span);
    case Kind::kSetup:
    case Kind::kStep:
    case Kind::kOption:
      if (statement->kind != Kind::kSetup || Peek() == '"' || Peek() == '\'') {
        if (!ReadText("a description", statement, &statement->text)) return false;
      }
      if (!BraceFollows() && statement->kind != Kind::kOption && !statement->text.empty()) {
        return ParseOpenBody(place, statement);
      }
      [[fallthrough]];
    case Kind::kParallel:
    case Kind::kChoose:
    case Kind::kEstimateCost:
      statement->has_block = true;
      return ParseBraces(place, *statement, &statement->body, &statement->body_span);
    case Kind::kIf:
      return ParseIf(place, statement);
    case Kind::kTry:
      return ParseTry(place, statement);
    default:
      return true;
  }
}

bool Parser::ParseBraces(const Place& place, const Statement& opener, std::vector<Statement>* out,
                         Span* span) {
  if (!BraceFollows()) {
    return Fail("E106", opener.span,
                Concat("the block of this ", KeywordOf(opener.kind), " is missing"),
                "write it in { }");
  }
  if (place.depth + 1 > kMaxBlockDepth) {
    return Fail("E114", opener.span, "blocks are nested more than 32 deep");
  }
  if (!EnterTree(opener.span)) return false;
  span->begin = pos_;
  ++pos_;
  ++brace_depth_;
  if (!ParseList(Inside(place, opener.kind), Close::kBrace, opener, out)) return false;
  span->end = pos_;
  --tree_depth_;
  return true;
}

/// STEP "x", its statements, and a "}" that nothing opened.
bool Parser::ParseOpenBody(const Place& place, Statement* statement) {
  if (!ExpectStatementEnd()) return false;
  Note("L215", Level::kInfo, statement->span, "the opening brace is missing", "write it");
  if (place.depth + 1 > kMaxBlockDepth) {
    return Fail("E114", statement->span, "blocks are nested more than 32 deep");
  }
  if (!EnterTree(statement->span)) return false;
  statement->has_block = true;
  statement->body_span.begin = pos_;
  ++brace_depth_;
  if (!ParseList(Inside(place, statement->kind), Close::kBrace, *statement, &statement->body)) {
    return false;
  }
  statement->body_span.end = pos_;
  --tree_depth_;
  return true;
}

bool Parser::ParseIf(const Place& place, Statement* statement) {
  SkipBlanks();
  if (!ParseCondition(statement)) return false;
  SkipBlanks();
  statement->has_block = true;
  const bool then = TakeWord("THEN");
  if (!then && !BraceFollows()) return ParseLegacyIf(place, statement);
  return ParseBraces(place, *statement, &statement->body, &statement->body_span) &&
         (!WordFollows("ELSE") || ParseElse(place, statement));
}

bool Parser::ParseElse(const Place& place, Statement* statement) {
  statement->has_other = true;
  SkipBlanks();
  if (PeekIdent() != "IF") {
    return ParseBraces(place, *statement, &statement->other, &statement->other_span);
  }
  Statement nested;
  nested.kind = Kind::kIf;
  nested.span = Here(2);
  nested.line = source_.LineOf(pos_);
  statement->other_span.begin = pos_;
  pos_ += 2;
  if (!CountNode(nested.span) || !EnterTree(nested.span)) return false;
  const bool ok = ParseIf(place, &nested);
  nested.span.end = pos_;
  statement->other_span.end = pos_;
  --tree_depth_;
  statement->other.push_back(std::move(nested));
  return ok;
}

bool Parser::ParseLegacyIf(const Place& place, Statement* statement) {
  // A condition that is one string holds the condition.
  const Expression& condition = statement->condition;
  if (condition.kind == Expression::Kind::kTruth &&
      condition.operands[0].kind == Operand::Kind::kLiteral &&
      condition.operands[0].value.is_text()) {
    const std::string text = condition.operands[0].value.text;
    const Source inner("", text);
    auto expression = Parser(inner, Recovery::kStop).RunExpression();
    if (!expression) {
      return Fail("E109", statement->span, "the text after IF is not a condition");
    }
    statement->condition = std::move(*expression);
    statement->condition_text = Trim(text);
  }
  if (!AtStatementEnd() || Peek() == '}' || Peek() == ';') {
    return Fail("E109", Here(), "the condition cannot go on like this");
  }
  Note("L215", Level::kInfo, statement->span, "IF ... ENDIF is an old form", "write { }");
  if (place.depth + 1 > kMaxBlockDepth) {
    return Fail("E114", statement->span, "blocks are nested more than 32 deep");
  }
  if (!EnterTree(statement->span)) return false;
  Place inside = Inside(place, Kind::kIf);
  statement->body_span.begin = pos_;
  ++brace_depth_;
  if (!ParseList(inside, Close::kEndif, *statement, &statement->body)) return false;
  statement->body_span.end = pos_;
  if (TakeWord("ELSE")) {
    statement->has_other = true;
    statement->other_span.begin = pos_;
    SkipBlanks();
    if (!AtLineEnd() && Peek() != '#') {
      return Fail("E115", {pos_, LineEnd(pos_)}, "there is text after ELSE",
                  "the IF has no braces: ELSE stands on a line of its own");
    }
    if (!ParseList(inside, Close::kEndif, *statement, &statement->other)) return false;
    statement->other_span.end = pos_;
  }
  --brace_depth_;
  --tree_depth_;
  if (TakeWord("ENDIF")) return true;
  return Fail("E108", Here(4), "there is a second ELSE");
}

bool Parser::ParseTry(const Place& place, Statement* statement) {
  statement->has_block = true;
  if (!ParseBraces(place, *statement, &statement->body, &statement->body_span)) return false;
  if (!WordFollows("CATCH")) return true;
  statement->has_other = true;
  SkipBlanks();
  if (TakeWord("AS") && !ParseVariable(statement)) return false;
  return ParseBraces(place, *statement, &statement->other, &statement->other_span);
}

}  // namespace quanta::lite
