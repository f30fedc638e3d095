// SPDX-License-Identifier: MIT
#include "tiss_lite/engine/condition.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "tiss_lite/base/chars.h"
#include "tiss_lite/base/search.h"
#include "tiss_lite/base/utf8.h"
#include "tiss_lite/syntax/literal.h"

namespace quanta::lite {
namespace {

using Answer = ConditionWorld::Answer;
using Known = ConditionWorld::Known;
using Kind = Value::Kind;

Answer Of(bool truth) { return truth ? Answer::kTrue : Answer::kFalse; }

Answer Negated(Answer answer) {
  if (answer == Answer::kTrue) return Answer::kFalse;
  return answer == Answer::kFalse ? Answer::kTrue : answer;
}

std::optional<bool> BooleanOf(const Value& value) {
  if (value.is(Kind::kBoolean)) return value.boolean;
  if (!value.is_text()) return std::nullopt;
  const std::string_view text = Trim(value.text);
  if (EqualsAnyCase(text, "true")) return true;
  if (EqualsAnyCase(text, "false")) return false;
  return std::nullopt;
}

bool IsOutput(const Operand& operand) {
  return operand.kind == Operand::Kind::kLastRun &&
         (operand.name == "STDOUT" || operand.name == "STDERR");
}

bool IsTrue(const Value& value) {
  switch (value.kind) {
    case Kind::kNull:
      return false;
    case Kind::kBoolean:
      return value.boolean;
    case Kind::kNumber:
      return value.number != 0;
    case Kind::kText:
      return !value.text.empty() && value.text != "0" && !EqualsAnyCase(value.text, "false");
    case Kind::kList:
    case Kind::kObject:
      return true;
  }
  return false;
}

bool IsEmpty(const Value& value) {
  switch (value.kind) {
    case Kind::kNull:
      return true;
    case Kind::kText:
      return Trim(value.text).empty();
    case Kind::kList:
    case Kind::kObject:
      return value.items.empty();
    case Kind::kBoolean:
    case Kind::kNumber:
      break;
  }
  return false;
}

template <class T>
bool Holds(const std::string& op, const T& a, const T& b) {
  if (op == "<") return a < b;
  if (op == ">") return a > b;
  return op == "<=" ? a <= b : a >= b;
}

}  // namespace

bool LooselyEqual(const Value& a, const Value& b) {
  if (a.is(Kind::kBoolean) || b.is(Kind::kBoolean)) {
    const auto x = BooleanOf(a), y = BooleanOf(b);
    return x && y && *x == *y;
  }
  if (a.is(Kind::kNumber) || b.is(Kind::kNumber)) {
    const auto x = NumberOf(a), y = NumberOf(b);
    return x && y && *x == *y;
  }
  return DeeplyEqual(a, b);
}

Answer ConditionEvaluator::Fail(std::string message) {
  error_ = std::move(message);
  return Answer::kError;
}

Answer ConditionEvaluator::Evaluate(const Expression& expression) {
  switch (expression.kind) {
    case Expression::Kind::kBoolean:
      return Of(expression.boolean);
    case Expression::Kind::kComparison:
      return Compare(expression);
    case Expression::Kind::kContains:
      return Contains(expression);
    case Expression::Kind::kIsEmpty:
    case Expression::Kind::kIsDefined:
    case Expression::Kind::kTruth:
      return Unary(expression);
    case Expression::Kind::kFileExists:
      return world_.FileExists(expression.path);
    case Expression::Kind::kNot:
      return Negated(Evaluate(expression.children[0]));
    case Expression::Kind::kAnd:
      return Chain(expression, Answer::kFalse);
    case Expression::Kind::kOr:
      return Chain(expression, Answer::kTrue);
  }
  return Answer::kFalse;
}

Answer ConditionEvaluator::Chain(const Expression& expression, Answer stop) {
  Answer all = Negated(stop);
  for (const Expression& child : expression.children) {
    const Answer answer = Evaluate(child);
    if (answer == stop || answer == Answer::kError) return answer;
    if (answer == Answer::kUnknown) all = answer;
  }
  return all;
}

Answer ConditionEvaluator::Compare(const Expression& expression) {
  const Operand &left = expression.operands[0], &right = expression.operands[1];
  Value a, b;
  const Known x = world_.Evaluate(left, &a), y = world_.Evaluate(right, &b);
  if (x == Known::kError || y == Known::kError) return Answer::kError;
  if (x == Known::kUnknown || y == Known::kUnknown) return Answer::kUnknown;
  const std::string& op = expression.op;
  if (x == Known::kNothing || y == Known::kNothing) {
    const Operand& unset = x == Known::kNothing ? left : right;
    if (strict_) return Fail(unset.DisplayName() + " has no value");
    return Of(op == "!=");
  }
  if (op == "==" || op == "!=") {
    const bool keeps_end = b.is_text() && b.text.ends_with('\n');
    if (IsOutput(left) && a.text.ends_with('\n') && !keeps_end) a.text.pop_back();
    return Of(LooselyEqual(a, b) == (op == "=="));
  }
  const auto m = NumberOf(a), n = NumberOf(b);
  if (m && n) return Of(Holds(op, *m, *n));
  if (a.is_text() && b.is_text()) return Of(Holds(op, a.text, b.text));
  return Fail(Concat("cannot compare ", KindName(a.kind), " ", op, " ", KindName(b.kind), " in \"",
                     ExpressionText(expression), "\""));
}

Answer ConditionEvaluator::Contains(const Expression& expression) {
  Value a, b;
  const Known x = world_.Evaluate(expression.operands[0], &a);
  const Known y = world_.Evaluate(expression.operands[1], &b);
  if (x == Known::kError || y == Known::kError) return Answer::kError;
  if (x == Known::kUnknown || y == Known::kUnknown) return Answer::kUnknown;
  if (x == Known::kNothing || y == Known::kNothing) {
    const size_t unset = x == Known::kNothing ? 0 : 1;
    if (strict_) return Fail(expression.operands[unset].DisplayName() + " has no value");
    return Answer::kFalse;
  }
  if (a.is(Kind::kList)) {
    return Of(std::any_of(a.items.begin(), a.items.end(),
                          [&](const Value& item) { return LooselyEqual(item, b); }));
  }
  if (a.is(Kind::kObject)) return Of(a.Find(TextForm(b)) != nullptr);
  return Of(ContainsText(TextForm(a), TextForm(b)));
}

Answer ConditionEvaluator::Unary(const Expression& expression) {
  const Operand& operand = expression.operands[0];
  Value value;
  const Known known = world_.Evaluate(operand, &value);
  if (known == Known::kError) return Answer::kError;
  if (known == Known::kUnknown) return Answer::kUnknown;
  const bool nothing = known == Known::kNothing;
  if (expression.kind == Expression::Kind::kIsDefined) return Of(!nothing);
  if (expression.kind == Expression::Kind::kIsEmpty) return Of(nothing || IsEmpty(value));
  if (nothing && strict_) return Fail(operand.DisplayName() + " has no value");
  return Of(!nothing && IsTrue(value));
}

std::string ConditionEvaluator::Describe(const Expression& expression) {
  std::string text;
  DescribeInto(expression, &text);
  return text;
}

void ConditionEvaluator::DescribeInto(const Expression& expression, std::string* out) {
  constexpr size_t kMostOfOne = 200, kMostOfAll = 1000;
  for (const Operand& operand : expression.operands) {
    if (operand.kind == Operand::Kind::kLiteral || out->size() > kMostOfAll) continue;
    Value value;
    const bool has = world_.Evaluate(operand, &value) == Known::kValue;
    std::string shown = has ? LiteralText(value) : "nothing";
    if (shown.size() > kMostOfOne) shown = shown.substr(0, CutUtf8(shown, kMostOfOne)) + "...";
    out->append(out->empty() ? "" : ", ").append(operand.DisplayName()).append(" is ") += shown;
  }
  for (const Expression& child : expression.children) DescribeInto(child, out);
}

}  // namespace quanta::lite
