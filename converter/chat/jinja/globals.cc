// SPDX-License-Identifier: MIT
#include <cstdlib>

#include "converter/chat/chat_error.h"
#include "converter/chat/jinja/builtins.h"
#include "converter/chat/jinja/evaluator.h"
#include "converter/chat/jinja/interpreter.h"

namespace quanta::converter::jinja {
namespace {

constexpr int64_t kMaxRange = 1000;

[[noreturn]] void TooLarge() { Unsupported("computes with numbers that are too large"); }

/// Python rounds towards minus infinity.
int64_t FloorDivide(int64_t a, int64_t b) {
  if (a == INT64_MIN) TooLarge();
  return a / b - (a % b != 0 && (a < 0) != (b < 0) ? 1 : 0);
}

Value OfIntegers(const std::string& name, int64_t a, int64_t b) {
  int64_t out = 0;
  if (name == "+" && !__builtin_add_overflow(a, b, &out)) return Value::Int(out);
  if (name == "-" && !__builtin_sub_overflow(a, b, &out)) return Value::Int(out);
  if (name == "*" && !__builtin_mul_overflow(a, b, &out)) return Value::Int(out);
  if (name != "/" && name != "//" && name != "%") TooLarge();
  if (b == 0) throw TemplateFailure("division by zero");
  if (name == "/") return Value::Float(static_cast<double>(a) / static_cast<double>(b));
  const int64_t quotient = FloorDivide(a, b);
  return Value::Int(name == "//" ? quotient : a - quotient * b);
}

Value OfReals(const std::string& name, double a, double b) {
  if (name == "+") return Value::Float(a + b);
  if (name == "-") return Value::Float(a - b);
  if (name == "*") return Value::Float(a * b);
  if (name == "/" && b == 0) throw TemplateFailure("division by zero");
  if (name == "/") return Value::Float(a / b);
  Unsupported("divides fractions");
}

Value Repeated(const Value& value, int64_t count) {
  if (!value.is_string()) Unsupported("repeats a list");
  std::string out;
  for (int64_t i = 0; i < count; ++i) {
    out += value.string();
    if (out.size() > kMaxTextBytes) TooLong();
    if (out.empty()) break;
  }
  return Value::String(std::move(out));
}

Value Range(const Arguments& arguments) {
  const ArgumentReader reader(arguments, {"start", "stop", "step"}, 1);
  const bool one = arguments.positional.size() == 1;
  const int64_t start = one ? 0 : reader.Integer(0, 0);
  const int64_t stop = reader.Integer(one ? 0 : 1, 0);
  const int64_t step = reader.Integer(2, 1);
  if (step == 0) throw TemplateFailure("a range's step is zero");
  for (const int64_t bound : {start, stop, step}) {
    if (bound > kMaxRange || bound < -kMaxRange) Unsupported("makes a range that is too long");
  }
  List items;
  for (int64_t i = start; step > 0 ? i < stop : i > stop; i += step) {
    items.push_back(Value::Int(i));
  }
  return Value::Sequence(std::move(items), Kind::kView);
}

/// dict() and namespace(): entries by name, or those of a dictionary.
Value Entries(const Arguments& arguments, Kind kind) {
  const Value out = Value::Dictionary({}, kind);
  for (const Value& given : arguments.positional) {
    if (!given.Is(Kind::kDict) || arguments.positional.size() > 1) {
      Unsupported("makes a dictionary or namespace in an unusual way");
    }
    for (const auto& [name, value] : given.entries()) out.Set(name, value);
  }
  for (const auto& [name, value] : arguments.named) {
    if (value.Is(Kind::kNamespace)) Unsupported("puts a namespace into another value");
    out.Set(name, value);
  }
  return out;
}

Value RaiseException(const Arguments& arguments) {
  const ArgumentReader reader(arguments, {"message"}, 1);
  throw TemplateRefusal(ToString(*reader.Get(0)));
}

}  // namespace

Value Arithmetic(const std::string& name, const Value& a, const Value& b) {
  if (a.is_number() && b.is_number()) {
    if (a.Is(Kind::kFloat) || b.Is(Kind::kFloat)) return OfReals(name, a.real(), b.real());
    return OfIntegers(name, a.integer(), b.integer());
  }
  if (name == "+") {
    if (a.is_string() && b.is_string()) return Value::String(a.string() + b.string());
    if (a.kind() == b.kind() && (a.Is(Kind::kList) || a.Is(Kind::kTuple))) {
      List items = a.items();
      items.insert(items.end(), b.items().begin(), b.items().end());
      return Value::Sequence(std::move(items), a.kind());
    }
  }
  if (name == "*") {
    const auto counts = [](const Value& value) {
      return value.Is(Kind::kInt) || value.Is(Kind::kBool);
    };
    if ((a.is_string() || a.is_sequence()) && counts(b)) return Repeated(a, b.integer());
    if ((b.is_string() || b.is_sequence()) && counts(a)) return Repeated(b, a.integer());
  }
  if (name == "%" && a.is_string()) Unsupported("formats a text with '%'");
  throw TemplateFailure("'" + name + "' of " + KindName(a) + " and " + KindName(b));
}

const std::map<std::string, Value>& Globals() {
  static const std::map<std::string, Value> globals = [] {
    std::map<std::string, Value> out;
    out["range"] = Value::Callable(Range);
    out["dict"] = Value::Callable([](const Arguments& a) { return Entries(a, Kind::kDict); });
    out["namespace"] =
        Value::Callable([](const Arguments& a) { return Entries(a, Kind::kNamespace); });
    out["raise_exception"] = Value::Callable(RaiseException);
    for (const char* name : {"lipsum", "cycler", "joiner"}) {
      out[name] = Value::Callable(
          [name](const Arguments&) -> Value { Unsupported("calls '" + std::string(name) + "'"); });
    }
    return out;
  }();
  return globals;
}

}  // namespace quanta::converter::jinja
