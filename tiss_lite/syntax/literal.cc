// SPDX-License-Identifier: MIT
#include "tiss_lite/syntax/literal.h"

#include "tiss_lite/base/chars.h"
#include "tiss_lite/base/number.h"

namespace quanta::lite {
namespace {

using Kind = Expression::Kind;

bool IsDotted(std::string_view key) {
  bool start = true;
  for (const char c : key) {
    if (start ? !IsIdentStart(c) : !IsIdent(c) && c != '.') return false;
    start = !start && c == '.';
  }
  return !start;
}

std::string KeyText(const std::string& key) { return IsDotted(key) ? key : QuoteText(key); }

std::string Wrapped(const Expression& expression) {
  const bool simple = expression.kind != Kind::kAnd && expression.kind != Kind::kOr;
  const std::string text = ExpressionText(expression);
  return simple ? text : Concat("(", text, ")");
}

std::string Joined(const Expression& expression, const char* word) {
  std::string text;
  for (const Expression& child : expression.children) {
    if (!text.empty()) text += word;
    text += Wrapped(child);
  }
  return text;
}

}  // namespace

std::string QuoteText(std::string_view text) {
  const bool single = text.find('"') != text.npos && text.find('\'') == text.npos;
  if (single) return Concat("'", text, "'");
  std::string quoted = "\"";
  for (size_t i = 0; i < text.size(); ++i) {
    const char next = i + 1 < text.size() ? text[i + 1] : '"';
    const bool escape = text[i] == '"' || (text[i] == '\\' && (next == '"' || next == '\\'));
    if (escape) quoted += '\\';
    quoted += text[i];
  }
  return quoted += '"';
}

std::string LiteralText(const Value& value) {
  std::string text;
  switch (value.kind) {
    case Value::Kind::kNull:
      return "null";
    case Value::Kind::kBoolean:
      return value.boolean ? "true" : "false";
    case Value::Kind::kNumber:
      return NumberText(value.number);
    case Value::Kind::kText:
      return QuoteText(value.text);
    case Value::Kind::kList:
      for (const Value& item : value.items) {
        text.append(text.empty() ? "[" : ", ").append(LiteralText(item));
      }
      return text.empty() ? "[]" : text + "]";
    case Value::Kind::kObject:
      for (size_t i = 0; i < value.items.size(); ++i) {
        text.append(text.empty() ? "{" : ", ").append(KeyText(value.keys[i]));
        text.append(": ").append(LiteralText(value.items[i]));
      }
      return text.empty() ? "{}" : text + "}";
  }
  return text;
}

std::string LiteralLines(const Value& value, size_t width, size_t indent) {
  std::string line = LiteralText(value);
  if (value.items.empty() || line.size() <= width) return line;
  constexpr size_t kStep = 4;
  const bool object = value.is(Value::Kind::kObject);
  std::string text(1, object ? '{' : '[');
  for (size_t i = 0; i < value.items.size(); ++i) {
    text += i == 0 ? "\n" : ",\n";
    text.append(indent + kStep, ' ');
    if (object) text.append(KeyText(value.keys[i])).append(": ");
    text += LiteralLines(value.items[i], width, indent + kStep);
  }
  text += '\n';
  text.append(indent, ' ');
  return text += object ? '}' : ']';
}

std::string OperandText(const Operand& operand) {
  return operand.kind == Operand::Kind::kLiteral ? LiteralText(operand.value)
                                                 : operand.DisplayName();
}

std::string ExpressionText(const Expression& expression) {
  const auto operand = [&](size_t i) { return OperandText(expression.operands[i]); };
  switch (expression.kind) {
    case Kind::kBoolean:
      return expression.boolean ? "true" : "false";
    case Kind::kComparison:
      return Concat(operand(0), " ", expression.op, " ", operand(1));
    case Kind::kContains:
      return Concat(operand(0), " CONTAINS ", operand(1));
    case Kind::kIsEmpty:
      return operand(0) + " IS_EMPTY";
    case Kind::kIsDefined:
      return operand(0) + " IS_DEFINED";
    case Kind::kTruth:
      return operand(0);
    case Kind::kFileExists:
      return Concat("FILE ", QuoteText(expression.path), " EXISTS");
    case Kind::kNot:
      return "NOT " + Wrapped(expression.children[0]);
    case Kind::kAnd:
      return Joined(expression, " AND ");
    case Kind::kOr:
      return Joined(expression, " OR ");
  }
  return {};
}

}  // namespace quanta::lite
