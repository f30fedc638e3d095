// SPDX-License-Identifier: MIT
#include "converter/chat/jinja/evaluator.h"

#include <algorithm>
#include <utility>

#include "converter/chat/jinja/builtins.h"
#include "converter/chat/jinja/text.h"

namespace quanta::converter::jinja {
namespace {

using Type = Expression::Kind;

/// A namespace inside of a value could contain itself.
const Value& Storable(const Value& value) {
  if (value.Is(Kind::kNamespace)) Unsupported("puts a namespace into another value");
  return value;
}

}  // namespace

Value Scope::Get(const std::string& name) const {
  for (const Scope* scope = this; scope != nullptr; scope = scope->parent_.get()) {
    const auto found = scope->names_.find(name);
    if (found != scope->names_.end()) return found->second;
  }
  if (name == "self" || name == "varargs" || name == "kwargs") Unsupported("uses '" + name + "'");
  const auto global = Globals().find(name);
  return global != Globals().end() ? global->second : Value();
}

Value Evaluator::Evaluate(const Expression& expression, const ScopePtr& scope) {
  meter_->Spend(1);
  meter_->EnterExpression();
  Value value = Compute(expression, scope);
  meter_->LeaveExpression();
  return value;
}

Value Evaluator::Compute(const Expression& expression, const ScopePtr& scope) {
  const auto child = [&](size_t index) { return Evaluate(*expression.children[index], scope); };
  switch (expression.kind) {
    case Type::kConstant:
      return expression.constant;
    case Type::kName:
      return scope->Get(expression.name);
    case Type::kList:
    case Type::kTuple:
      return Sequence(expression, scope);
    case Type::kDict:
      return Dictionary(expression, scope);
    case Type::kAttribute:
      return Attribute(child(0), expression.name);
    case Type::kItem: {
      const Value value = child(0);
      return Item(value, child(1));
    }
    case Type::kSlice:
      return Slice(expression, scope);
    case Type::kCall: {
      const Value function = child(0);
      return Call(function, ArgumentsOf(expression, scope));
    }
    case Type::kFilter:
      return Filter(expression, scope);
    case Type::kTest: {
      const Value value = child(0);
      return Value::Bool(ApplyTest(expression.name, value, ArgumentsOf(expression, scope)));
    }
    case Type::kNot:
      return Value::Bool(!child(0).Truthy());
    case Type::kNegative:
      return Arithmetic("-", Value::Int(0), child(0));
    case Type::kPositive:
      return Arithmetic("+", Value::Int(0), child(0));
    case Type::kArithmetic: {
      const Value left = child(0);
      return Arithmetic(expression.name, left, child(1));
    }
    case Type::kComparison:
      return Compare(expression, scope);
    case Type::kConcatenate: {
      const std::string left = ToString(child(0));
      return Value::String(left + ToString(child(1)));
    }
    case Type::kAnd: {
      Value left = child(0);
      return left.Truthy() ? child(1) : left;
    }
    case Type::kOr: {
      Value left = child(0);
      return left.Truthy() ? left : child(1);
    }
    case Type::kConditional:
      if (child(0).Truthy()) return child(1);
      return expression.children[2] ? child(2) : Value();
  }
  return {};
}

Value Evaluator::Sequence(const Expression& expression, const ScopePtr& scope) {
  List items;
  for (const ExpressionPtr& item : expression.children) {
    items.push_back(Storable(Evaluate(*item, scope)));
  }
  return Value::Sequence(std::move(items),
                         expression.kind == Type::kList ? Kind::kList : Kind::kTuple);
}

Value Evaluator::Dictionary(const Expression& expression, const ScopePtr& scope) {
  const Value dict = Value::Dictionary({});
  for (size_t i = 0; i < expression.children.size(); i += 2) {
    const Value key = Evaluate(*expression.children[i], scope);
    if (!key.is_string()) Unsupported("has a dictionary whose keys are not all texts");
    dict.Set(key.string(), Storable(Evaluate(*expression.children[i + 1], scope)));
  }
  return dict;
}

Value Evaluator::Slice(const Expression& expression, const ScopePtr& scope) {
  const Value value = Evaluate(*expression.children[0], scope);
  Value bounds[3];
  for (size_t i = 0; i < 3; ++i) {
    const ExpressionPtr& bound = expression.children[i + 1];
    bounds[i] = bound ? Evaluate(*bound, scope) : Value::None();
    if (!bounds[i].is_none() && !bounds[i].Is(Kind::kInt)) Unsupported("slices by no number");
  }
  if (value.is_undefined()) throw TemplateFailure("a slice of something undefined");
  if (!value.is_string() && !value.Is(Kind::kList) && !value.Is(Kind::kTuple)) {
    // Jinja gives nothing for what it computes beforehand, and fails otherwise.
    Unsupported("slices a value of the kind " + std::string(KindName(value)));
  }

  const List items = Items(value);
  const auto length = static_cast<int64_t>(items.size());
  const int64_t step = bounds[2].is_none() ? 1 : bounds[2].integer();
  if (step == 0) throw TemplateFailure("slice step cannot be zero");
  const int64_t low = step > 0 ? 0 : -1;
  const int64_t high = step > 0 ? length : length - 1;
  const auto place = [&](const Value& bound, int64_t otherwise) {
    if (bound.is_none()) return otherwise;
    const int64_t index = bound.integer() < 0 ? bound.integer() + length : bound.integer();
    return std::clamp(index, low, high);
  };
  const int64_t stride = std::clamp<int64_t>(step, -length - 1, length + 1);
  const int64_t end = place(bounds[1], step > 0 ? high : low);
  List taken;
  for (int64_t i = place(bounds[0], step > 0 ? low : high); stride > 0 ? i < end : i > end;
       i += stride) {
    taken.push_back(items[static_cast<size_t>(i)]);
  }
  if (!value.is_string()) return Value::Sequence(std::move(taken), value.kind());
  std::string text;
  for (const Value& point : taken) text += point.string();
  return Value::String(std::move(text));
}

Value Evaluator::Compare(const Expression& expression, const ScopePtr& scope) {
  Value left = Evaluate(*expression.children[0], scope);
  for (size_t i = 0; i < expression.operators.size(); ++i) {
    Value right = Evaluate(*expression.children[i + 1], scope);
    const std::string& name = expression.operators[i];
    const bool holds = name == "=="       ? Equal(left, right)
                       : name == "!="     ? !Equal(left, right)
                       : name == "<"      ? Less(left, right)
                       : name == ">"      ? Less(right, left)
                       : name == "<="     ? Less(left, right) || Equal(left, right)
                       : name == ">="     ? Less(right, left) || Equal(left, right)
                       : name == "not in" ? !Contains(right, left)
                                          : Contains(right, left);
    if (!holds) return Value::Bool(false);
    left = std::move(right);
  }
  return Value::Bool(true);
}

Value Evaluator::Filter(const Expression& expression, const ScopePtr& scope) {
  const Value value = expression.children[0] ? Evaluate(*expression.children[0], scope)
                                             : Value::String(*block_text_);
  return ApplyFilter(expression.name, value, ArgumentsOf(expression, scope));
}

Value Evaluator::ApplyFilters(const Expression& filters, const std::string& text,
                              const ScopePtr& scope) {
  const std::string* outer = std::exchange(block_text_, &text);
  Value value = Evaluate(filters, scope);
  block_text_ = outer;
  return value;
}

Arguments Evaluator::ArgumentsOf(const Expression& expression, const ScopePtr& scope) {
  Arguments arguments;
  for (size_t i = 1; i < expression.children.size(); ++i) {
    arguments.positional.push_back(Evaluate(*expression.children[i], scope));
  }
  for (const auto& [name, value] : expression.named) {
    arguments.named.emplace_back(name, Evaluate(*value, scope));
  }
  return arguments;
}

Value Evaluator::Call(const Value& function, const Arguments& arguments) {
  if (!function.Is(Kind::kFunction)) {
    throw TemplateFailure(std::string(KindName(function)) + " is not callable");
  }
  meter_->EnterCall();
  Value value = function.function()(arguments);
  meter_->LeaveCall();
  return value;
}

}  // namespace quanta::converter::jinja
