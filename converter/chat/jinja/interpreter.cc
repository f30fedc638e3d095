// SPDX-License-Identifier: MIT
#include "converter/chat/jinja/interpreter.h"

#include <utility>

#include "converter/chat/chat_error.h"
#include "converter/chat/jinja/evaluator.h"
#include "converter/chat/jinja/parser.h"

namespace quanta::converter::jinja {
namespace {

using Type = Statement::Kind;

constexpr uint64_t kRoundWork = 8;  // of a loop: it has a scope of its own

enum class Flow { kOn, kBreak, kContinue };

ScopePtr Inside(const ScopePtr& scope) { return std::make_shared<Scope>(scope); }

class Execution {
 public:
  explicit Execution(uint64_t* total_work) : meter_(total_work), evaluator_(&meter_) {}

  std::string Render(const Body& body, const ScopePtr& scope) { return TextOf(body, scope); }

 private:
  std::string TextOf(const Body& body, const ScopePtr& scope) {
    std::string text;
    std::string* outer = std::exchange(out_, &text);
    Run(body, scope);
    out_ = outer;
    return text;
  }

  void Write(const std::string& text) {
    meter_.Spend(1 + text.size() / 64);
    *out_ += text;
    if (out_->size() > kMaxTextBytes) TooLong();
  }

  Flow Run(const Body& body, const ScopePtr& scope) {
    for (const Statement& statement : body) {
      meter_.Spend(1);
      const Flow flow = Run(statement, scope);
      if (flow != Flow::kOn) return flow;
    }
    return Flow::kOn;
  }

  Flow Run(const Statement& statement, const ScopePtr& scope) {
    switch (statement.kind) {
      case Type::kText:
        Write(statement.text);
        return Flow::kOn;
      case Type::kOutput:
        Write(ToString(evaluator_.Evaluate(*statement.expression, scope)));
        return Flow::kOn;
      case Type::kIf:
        return Run(evaluator_.Evaluate(*statement.expression, scope).Truthy() ? statement.body
                                                                              : statement.otherwise,
                   scope);
      case Type::kFor:
        return Loop(statement, scope);
      case Type::kSet:
        Assign(statement, scope);
        return Flow::kOn;
      case Type::kSetBlock:
        SetBlock(statement, scope);
        return Flow::kOn;
      case Type::kMacro:
        scope->Set(statement.text, Macro(statement, scope));
        return Flow::kOn;
      case Type::kCall:
        CallBlock(statement, scope);
        return Flow::kOn;
      case Type::kFilter: {
        const std::string text = TextOf(statement.body, Inside(scope));
        Write(ToString(evaluator_.ApplyFilters(*statement.expression, text, scope)));
        return Flow::kOn;
      }
      case Type::kScope: {
        const ScopePtr inside = Inside(scope);
        for (size_t i = 0; i < statement.names.size(); ++i) {
          inside->Set(statement.names[i], evaluator_.Evaluate(*statement.defaults[i], scope));
        }
        return Run(statement.body, inside);
      }
      case Type::kBreak:
        return Flow::kBreak;
      case Type::kContinue:
        return Flow::kContinue;
    }
    return Flow::kOn;
  }

  /// One value to one name; or its items to several.
  static void Bind(const std::vector<std::string>& names, const Value& value, Scope* scope) {
    if (names.size() == 1) return scope->Set(names[0], value);
    const List items = Items(value);
    if (items.size() != names.size()) {
      throw TemplateFailure("the number of values to unpack is wrong");
    }
    for (size_t i = 0; i < names.size(); ++i) scope->Set(names[i], items[i]);
  }

  void Assign(const Statement& statement, const ScopePtr& scope) {
    const Value value = evaluator_.Evaluate(*statement.expression, scope);
    if (!statement.attribute.empty()) return SetAttribute(statement, value, scope);
    Bind(statement.names, value, scope.get());
  }

  static void SetAttribute(const Statement& statement, const Value& value, const ScopePtr& scope) {
    const Value target = scope->Get(statement.names[0]);
    if (!target.Is(Kind::kNamespace)) {
      throw TemplateFailure("cannot assign attribute on non-namespace object");
    }
    // It could contain itself.
    if (value.Is(Kind::kNamespace)) Unsupported("puts a namespace into another value");
    target.Set(statement.attribute, value);
  }

  void SetBlock(const Statement& statement, const ScopePtr& scope) {
    const std::string text = TextOf(statement.body, Inside(scope));
    const Value value = statement.expression
                            ? evaluator_.ApplyFilters(*statement.expression, text, scope)
                            : Value::String(text);
    if (!statement.attribute.empty()) return SetAttribute(statement, value, scope);
    scope->Set(statement.names[0], value);
  }

  /// The items that `condition` lets through. Jinja asks as it goes, so that what a round
  /// assigns could matter to the next; conditions of that kind are not supported.
  List Filtered(const Statement& statement, List items, const ScopePtr& scope) {
    if (!statement.condition) return items;
    if (MentionsAttributeOfNamespace(*statement.condition, scope)) {
      Unsupported("has a loop whose condition depends on a namespace");
    }
    List taken;
    for (Value& item : items) {
      const ScopePtr inside = Inside(scope);
      Bind(statement.names, item, inside.get());
      if (evaluator_.Evaluate(*statement.condition, inside).Truthy()) {
        taken.push_back(std::move(item));
      }
    }
    return taken;
  }

  static bool MentionsAttributeOfNamespace(const Expression& expression, const ScopePtr& scope) {
    if (expression.kind == Expression::Kind::kName) {
      return scope->Get(expression.name).Is(Kind::kNamespace);
    }
    for (const ExpressionPtr& child : expression.children) {
      if (child && MentionsAttributeOfNamespace(*child, scope)) return true;
    }
    for (const auto& [name, child] : expression.named) {
      if (MentionsAttributeOfNamespace(*child, scope)) return true;
    }
    return false;
  }

  Flow Loop(const Statement& statement, const ScopePtr& scope) {
    const Value iterable = evaluator_.Evaluate(*statement.expression, scope);
    const List items = Filtered(statement, Items(iterable), scope);
    const Value loop = Value::Dictionary({}, Kind::kNamespace);
    const auto position = std::make_shared<size_t>(0);
    DefineLoop(loop, position, items.size());
    ++loop_depth_;
    for (size_t i = 0; i < items.size(); ++i) {
      meter_.Spend(kRoundWork);
      *position = i;
      DescribeRound(loop, items, i);
      const ScopePtr inside = Inside(scope);
      inside->Set("loop", loop);
      Bind(statement.names, items[i], inside.get());
      if (Run(statement.body, inside) == Flow::kBreak) break;
    }
    --loop_depth_;
    return items.empty() ? Run(statement.otherwise, Inside(scope)) : Flow::kOn;
  }

  void DefineLoop(const Value& loop, const std::shared_ptr<size_t>& position, size_t length) {
    loop.Set("length", Value::Int(static_cast<int64_t>(length)));
    loop.Set("depth", Value::Int(loop_depth_ + 1));
    loop.Set("depth0", Value::Int(loop_depth_));
    loop.Set("cycle", Value::Callable([position](const Arguments& arguments) {
               if (arguments.positional.empty())
                 throw TemplateFailure("no items for cycling given");
               return arguments.positional[*position % arguments.positional.size()];
             }));
    loop.Set("changed", Value::Callable([last = std::make_shared<std::unique_ptr<Value>>()](
                                            const Arguments& arguments) {
               const Value now = Value::Sequence(arguments.positional, Kind::kTuple);
               const bool changed = *last == nullptr || !Equal(**last, now);
               *last = std::make_unique<Value>(now);
               return Value::Bool(changed);
             }));
  }

  static void DescribeRound(const Value& loop, const List& items, size_t i) {
    const auto number = [](size_t value) { return Value::Int(static_cast<int64_t>(value)); };
    loop.Set("index", number(i + 1));
    loop.Set("index0", number(i));
    loop.Set("revindex", number(items.size() - i));
    loop.Set("revindex0", number(items.size() - i - 1));
    loop.Set("first", Value::Bool(i == 0));
    loop.Set("last", Value::Bool(i + 1 == items.size()));
    loop.Set("previtem", i > 0 ? items[i - 1] : Value());
    loop.Set("nextitem", i + 1 < items.size() ? items[i + 1] : Value());
  }

  /// `statement`: a macro, or a call block whose body is one.
  Value Macro(const Statement& statement, const ScopePtr& scope) {
    // A macro is stored in its own scope: it must not keep it alive.
    return Value::Callable(
        [this, &statement, outer = std::weak_ptr<Scope>(scope)](const Arguments& arguments) {
          const ScopePtr around = outer.lock();
          if (!around) Unsupported("calls a macro outside of the block that defines it");
          const ScopePtr inside = Inside(around);
          const size_t count = statement.names.size();
          if (arguments.positional.size() > count) Unsupported("calls a macro with more arguments");
          Arguments rest = arguments;
          for (size_t i = 0; i < count; ++i) {
            inside->Set(statement.names[i], Parameter(statement, i, &rest, inside));
          }
          for (const auto& [name, value] : rest.named) {
            if (name != "caller") Unsupported("calls a macro with more arguments");
            inside->Set(name, value);
          }
          return Value::String(TextOf(statement.body, inside));
        });
  }

  Value Parameter(const Statement& statement, size_t index, Arguments* arguments,
                  const ScopePtr& scope) {
    if (index < arguments->positional.size()) return arguments->positional[index];
    for (auto named = arguments->named.begin(); named != arguments->named.end(); ++named) {
      if (named->first != statement.names[index]) continue;
      Value value = std::move(named->second);
      arguments->named.erase(named);
      return value;
    }
    const size_t required = statement.names.size() - statement.defaults.size();
    if (index < required) return {};
    return evaluator_.Evaluate(*statement.defaults[index - required], scope);
  }

  void CallBlock(const Statement& statement, const ScopePtr& scope) {
    const Value function = evaluator_.Evaluate(*statement.expression->children[0], scope);
    Arguments arguments = evaluator_.ArgumentsOf(*statement.expression, scope);
    arguments.named.emplace_back("caller", Macro(statement, scope));
    Write(ToString(evaluator_.Call(function, arguments)));
  }

  WorkMeter meter_;
  Evaluator evaluator_;
  std::string* out_ = nullptr;
  int64_t loop_depth_ = 0;
};

}  // namespace

Interpreter::Interpreter(std::string_view source) : body_(Parse(source)) {}
Interpreter::~Interpreter() = default;

std::string Interpreter::Render(const std::map<std::string, Value>& variables) {
  const ScopePtr scope = std::make_shared<Scope>(nullptr);
  for (const auto& [name, value] : variables) scope->Set(name, value);
  return Execution(&work_).Render(body_, scope);
}

}  // namespace quanta::converter::jinja
