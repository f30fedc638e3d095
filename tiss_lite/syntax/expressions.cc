// SPDX-License-Identifier: MIT
//
// Conditions.
#include <utility>

#include "tiss_lite/base/number.h"
#include "tiss_lite/syntax/literal.h"
#include "tiss_lite/syntax/parser_impl.h"

namespace quanta::lite {
namespace {

using Kind = Expression::Kind;

constexpr std::string_view kComparisons[] = {"==", "!=", "<=", ">=", "<", ">"};

Expression Negate(Expression inner) {
  Expression negation;
  negation.kind = Kind::kNot;
  negation.children.push_back(std::move(inner));
  return negation;
}

}  // namespace

bool Parser::BadExpression(std::string message) { return Fail("E109", Here(), std::move(message)); }

std::optional<Expression> Parser::RunExpression() {
  Expression expression;
  SkipBlanks();
  if (!ParseOr(&expression)) return std::nullopt;
  SkipBlanks();
  if (!AtEnd()) return std::nullopt;
  return expression;
}

bool Parser::ParseCondition(Statement* statement) {
  SkipBlanks();
  if (AtStatementEnd() || (Peek() == '{' && Peek(1) != '{')) {
    return Fail("E109", statement->span, Concat(KeywordOf(statement->kind), " needs a condition"));
  }
  const uint32_t begin = pos_;
  if (!ParseOr(&statement->condition)) return false;
  statement->condition_text = text_.substr(begin, pos_ - begin);
  // A list may run over lines and hold comments.
  if (statement->condition_text.find('\n') != std::string::npos) {
    statement->condition_text = ExpressionText(statement->condition);
  }
  SkipBlanks();
  const bool brace = statement->kind == StatementKind::kIf && Peek() == '{';
  const bool then = statement->kind == StatementKind::kIf && PeekIdent() == "THEN";
  if (AtStatementEnd() || brace || then) return true;
  return Fail("E109", Here(), "the condition cannot go on like this",
              Peek() == '=' ? "== compares" : "");
}

bool Parser::ParseOr(Expression* out) {
  if (!EnterTree(Here()) || !ParseAnd(out)) return false;
  Expression all;
  all.kind = Kind::kOr;
  for (;;) {
    const Mark mark = GetMark();
    SkipBlanks();
    if (!EqualsAnyCase(PeekIdent(), "OR")) {
      GoTo(mark);
      break;
    }
    pos_ += 2;
    if (all.children.empty()) all.children.push_back(std::move(*out));
    all.children.emplace_back();
    if (all.children.size() > kMaxTreeDepth) return Fail("E114", Here(), "too many terms");
    if (!ParseAnd(&all.children.back())) return false;
  }
  if (!all.children.empty()) *out = std::move(all);
  --tree_depth_;
  return true;
}

bool Parser::ParseAnd(Expression* out) {
  if (!ParseNot(out)) return false;
  Expression all;
  all.kind = Kind::kAnd;
  for (;;) {
    const Mark mark = GetMark();
    SkipBlanks();
    if (!EqualsAnyCase(PeekIdent(), "AND")) {
      GoTo(mark);
      break;
    }
    pos_ += 3;
    if (all.children.empty()) all.children.push_back(std::move(*out));
    all.children.emplace_back();
    if (all.children.size() > kMaxTreeDepth) return Fail("E114", Here(), "too many terms");
    if (!ParseNot(&all.children.back())) return false;
  }
  if (!all.children.empty()) *out = std::move(all);
  return true;
}

bool Parser::ParseNot(Expression* out) {
  SkipBlanks();
  if (!TakeWord("NOT")) return ParseTest(out);
  Expression inner;
  if (!EnterTree(Here()) || !ParseNot(&inner)) return false;
  *out = Negate(std::move(inner));
  --tree_depth_;
  return true;
}

bool Parser::ParseTest(Expression* out) {
  if (!CountNode(Here())) return false;
  if (Peek() == '(') {
    ++pos_;
    if (!ParseOr(out)) return false;
    SkipBlanks();
    if (Peek() != ')') return BadExpression("a ')' is missing");
    ++pos_;
    return true;
  }
  const Mark mark = GetMark();
  if (TakeWord("FILE")) {
    SkipBlanks();
    if (Peek() == '"' || Peek() == '\'') {
      String path;
      if (!ReadString(&path)) return false;
      out->kind = Kind::kFileExists;
      out->path = std::move(path.value);
      SkipBlanks();
      const bool negated = EqualsAnyCase(PeekIdent(), "NOT");
      if (negated) pos_ += 3;
      SkipBlanks();
      if (!EqualsAnyCase(PeekIdent(), "EXISTS")) return BadExpression("FILE needs EXISTS");
      pos_ += 6;
      if (negated) *out = Negate(std::move(*out));
      return true;
    }
    GoTo(mark);
  }
  Operand first;
  return ParseOperand(&first) && ParseTestTail(std::move(first), out);
}

bool Parser::ParseTestTail(Operand first, Expression* out) {
  const Mark mark = GetMark();
  out->operands.push_back(std::move(first));
  SkipBlanks();
  for (const std::string_view op : kComparisons) {
    if (!text_.substr(pos_).starts_with(op)) continue;
    pos_ += static_cast<uint32_t>(op.size());
    out->kind = Kind::kComparison;
    out->op = op;
    SkipBlanks();
    return ParseOperand(&out->operands.emplace_back());
  }
  const bool negated = EqualsAnyCase(PeekIdent(), "NOT");
  if (negated) pos_ += 3;
  SkipBlanks();
  const std::string word = Upper(PeekIdent());
  if (word == "CONTAINS") {
    out->kind = Kind::kContains;
  } else if (word == "IS_EMPTY") {
    out->kind = Kind::kIsEmpty;
  } else if (word == "IS_DEFINED") {
    out->kind = Kind::kIsDefined;
  } else {
    GoTo(mark);
    const Operand& alone = out->operands[0];
    const bool literal = alone.kind == Operand::Kind::kLiteral;
    out->kind = Kind::kTruth;
    if (literal && alone.value.is(Value::Kind::kBoolean)) {
      out->kind = Kind::kBoolean;
      out->boolean = alone.value.boolean;
      out->operands.clear();
    }
    return true;
  }
  pos_ += static_cast<uint32_t>(word.size());
  if (out->kind == Kind::kContains && !ParseOperand(&out->operands.emplace_back())) return false;
  if (negated) *out = Negate(std::move(*out));
  return true;
}

bool Parser::ParseOperand(Operand* out) {
  SkipBlanks();
  if (!CountNode(Here())) return false;
  const char c = Peek();
  if (c == '"' || c == '\'') {
    String string;
    if (!ReadString(&string)) return false;
    out->value = Value::Text(std::move(string.value));
    return true;
  }
  if (c == '[') return ParseListValue(&out->value, 0);
  if (NumberLength(text_.substr(pos_)) > 0) {
    return ReadNumber(&out->value, "E109") &&
           (!IsIdent(Peek()) || BadExpression("this is neither a number nor a name"));
  }
  if (c == '{' && Peek(1) == '{') {
    pos_ += 2;
    SkipBlanks();
    if (!ParseName(out)) return false;
    SkipBlanks();
    if (Peek() != '}' || Peek(1) != '}') return BadExpression("a '}}' is missing");
    pos_ += 2;
    return true;
  }
  const std::string_view word = PeekIdent();
  if (EqualsAnyCase(word, "true") || EqualsAnyCase(word, "false")) {
    out->value = Value::Boolean(EqualsAnyCase(word, "true"));
    pos_ += static_cast<uint32_t>(word.size());
    return true;
  }
  return ParseName(out);
}

bool Parser::ParseName(Operand* out) {
  const std::string_view dotted = PeekDotted(), word = PeekIdent();
  if (word.empty()) return BadExpression("a name or a value is missing");
  const Span span = Here(static_cast<uint32_t>(dotted.size()));
  const bool alone = dotted.size() == word.size();
  const std::string rest(alone ? "" : dotted.substr(word.size() + 1));
  const std::string upper = Upper(rest);
  pos_ = span.end;
  out->name = word;
  out->kind = Operand::Kind::kVariable;
  if (alone) {
    if (word == "STDOUT" || word == "STDERR" || word == "EXIT_CODE") {
      Note("L215", Level::kInfo, span, Concat(word, " alone is an old form"),
           Concat("write LAST_RUN.", word));
      out->kind = Operand::Kind::kLastRun;
    } else if (word == "COST") {
      out->kind = Operand::Kind::kCost;
      out->name.clear();
    }
    return true;
  }
  if (EqualsAnyCase(word, "LAST_RUN") && IsLastRunField(upper)) {
    out->kind = Operand::Kind::kLastRun;
    out->name = upper;
    return true;
  }
  const bool shared = rest == "TOKENS" || rest == "TIME" || rest == "RUNS";
  if (word == "COST" && shared) {
    out->kind = Operand::Kind::kCost;
    out->name = rest;
    return true;
  }
  if (word == "ESTIMATE" && (shared || rest == "API_CALLS" || rest == "WRITES")) {
    out->kind = Operand::Kind::kEstimate;
    out->name = rest;
    return true;
  }
  return Fail("E109", span, Concat("there is nothing called ", dotted));
}

}  // namespace quanta::lite
