// SPDX-License-Identifier: MIT
#include "converter/chat/jinja/builtins.h"

#include <algorithm>
#include <charconv>
#include <map>

#include "converter/chat/jinja/text.h"

namespace quanta::converter::jinja {
namespace {

using FilterFunction = Value (*)(const Value& value, const Arguments& arguments);
using TestFunction = bool (*)(const Value& value, const Arguments& arguments);
using In = const Value&;
using Args = const Arguments&;

/// Filters whose result Jinja computes item by item, as it is looked at: so it may fail
/// later than here, or never.
bool IsLazy(const std::string& name) {
  constexpr std::string_view kLazy[] = {"map",        "select",     "reject",
                                        "selectattr", "rejectattr", "items"};
  return std::find(std::begin(kLazy), std::end(kLazy), name) != std::end(kLazy);
}

/// An argument list without its first entries.
Arguments After(const Arguments& arguments, size_t count) {
  Arguments rest = arguments;
  rest.positional.erase(rest.positional.begin(),
                        rest.positional.begin() + static_cast<std::ptrdiff_t>(count));
  return rest;
}

Value Default(In value, Args arguments) {
  const ArgumentReader reader(arguments, {"default_value", "boolean"});
  const bool missing = value.is_undefined() || (reader.Truth(1, false) && !value.Truthy());
  if (!missing) return value;
  return reader.Get(0) != nullptr ? *reader.Get(0) : Value::String("");
}

Value Trim(In value, Args arguments) {
  const ArgumentReader reader(arguments, {"chars"});
  const Value* given = reader.Get(0);
  const bool set = given != nullptr && !given->is_none();
  const std::string characters = set ? reader.Text(0, "") : "";
  return Value::String(
      std::string(Strip(ToString(value), set ? &characters : nullptr, true, true)));
}

/// Jinja's own: words start behind white space, dashes and opening brackets.
Value Title(In value, Args arguments) {
  const ArgumentReader reader(arguments, {});
  std::string text = Lower(ToString(value));
  bool start = true;
  for (char& c : text) {
    if (start) c = Upper(std::string_view(&c, 1))[0];
    start = std::string_view("- \t\n\v\f\r\x1c\x1d\x1e\x1f({[<").find(c) != std::string_view::npos;
  }
  return Value::String(std::move(text));
}

Value FirstOf(In value, Args arguments) {
  const ArgumentReader reader(arguments, {});
  const List items = Items(value);
  return items.empty() ? Value() : items.front();
}

Value LastOf(In value, Args arguments) {
  const ArgumentReader reader(arguments, {});
  if (value.Is(Kind::kGenerator)) throw TemplateFailure("a generator cannot be reversed");
  const List items = Items(value);
  return items.empty() ? Value() : items.back();
}

/// The attribute that a dotted path leads to.
Value AtPath(In value, const std::string& path) {
  Value out = value;
  for (const std::string& name : Split(path, ".", -1)) {
    int64_t index = 0;
    const char* end = name.data() + name.size();
    const auto parsed = std::from_chars(name.data(), end, index);
    const bool number = parsed.ec == std::errc() && parsed.ptr == end && index >= 0;
    out = Item(out, number ? Value::Int(index) : Value::String(name));
  }
  return out;
}

Value Join(In value, Args arguments) {
  const ArgumentReader reader(arguments, {"d", "attribute"});
  const std::string separator = reader.Get(0) != nullptr ? ToString(*reader.Get(0)) : std::string();
  std::string out;
  bool first = true;
  for (const Value& item : Items(value)) {
    if (!first) out += separator;
    out += ToString(reader.Get(1) != nullptr ? AtPath(item, reader.Text(1, "")) : item);
    if (out.size() > kMaxTextBytes) TooLong();
    first = false;
  }
  return Value::String(std::move(out));
}

Value Reversed(In value, Args arguments) {
  const ArgumentReader reader(arguments, {});
  List items = Items(value);
  std::reverse(items.begin(), items.end());
  if (!value.is_string()) return Value::Sequence(std::move(items), Kind::kGenerator);
  std::string out;
  for (const Value& item : items) out += item.string();
  return Value::String(std::move(out));
}

Value Replaced(In value, Args arguments) {
  const ArgumentReader reader(arguments, {"old", "new", "count"}, 2);
  const Value* count = reader.Get(2);
  return Value::String(Replace(ToString(value), ToString(*reader.Get(0)), ToString(*reader.Get(1)),
                               count == nullptr || count->is_none() ? -1 : reader.Integer(2, -1)));
}

Value Json(In value, Args arguments) {
  const ArgumentReader reader(arguments, {"ensure_ascii", "indent", "separators", "sort_keys"});
  if (reader.Truth(0, false) || reader.Get(2) != nullptr || reader.Truth(3, false)) {
    Unsupported("calls 'tojson' with more than an indentation");
  }
  const Value* indent = reader.Get(1);
  const bool lines = indent != nullptr && !indent->is_none();
  return Value::String(ToJson(value, lines ? std::min<int64_t>(reader.Integer(1, 0), 16) : -1));
}

Value ItemsOf(In value, Args arguments) {
  const ArgumentReader reader(arguments, {});
  if (value.is_undefined()) return Value::Sequence({}, Kind::kGenerator);
  if (!value.Is(Kind::kDict)) throw TemplateFailure("can only get item pairs from a mapping");
  const List pairs = Items(Method(value, "items").function()({}));
  return Value::Sequence(pairs, Kind::kGenerator);
}

Value Map(In value, Args arguments) {
  List out;
  if (arguments.positional.empty()) {
    const ArgumentReader reader(arguments, {"attribute", "default"}, 1);
    for (const Value& item : Items(value)) {
      Value found = AtPath(item, reader.Text(0, ""));
      if (found.is_undefined() && reader.Get(1) != nullptr) found = *reader.Get(1);
      out.push_back(std::move(found));
    }
  } else {
    if (!arguments.positional[0].is_string()) throw TemplateFailure("a filter's name is expected");
    for (const Value& item : Items(value)) {
      out.push_back(ApplyFilter(arguments.positional[0].string(), item, After(arguments, 1)));
    }
  }
  return Value::Sequence(std::move(out), Kind::kGenerator);
}

/// select, reject, and with `attribute` selectattr, rejectattr.
Value Selected(In value, Args arguments, bool attribute, bool wanted) {
  std::string path;
  Arguments rest = arguments;
  if (attribute) {
    if (arguments.positional.empty() || !arguments.positional[0].is_string()) {
      throw TemplateFailure("an attribute's name is expected");
    }
    path = arguments.positional[0].string();
    rest = After(arguments, 1);
  }
  List out;
  for (const Value& item : Items(value)) {
    const Value subject = attribute ? AtPath(item, path) : item;
    bool holds = subject.Truthy();
    if (!rest.positional.empty()) {
      if (!rest.positional[0].is_string()) throw TemplateFailure("a test's name is expected");
      holds = ApplyTest(rest.positional[0].string(), subject, After(rest, 1));
    }
    if (holds == wanted) out.push_back(item);
  }
  return Value::Sequence(std::move(out), Kind::kGenerator);
}

/// Python's % with "%s" only.
Value Formatted(In value, Args arguments) {
  const std::string text = ToString(value);
  std::string out;
  size_t used = 0;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      out += text[i];
    } else if (i + 1 < text.size() && text[i + 1] == '%') {
      out += text[++i];
    } else if (i + 1 < text.size() && text[i + 1] == 's') {
      if (used == arguments.positional.size()) throw TemplateFailure("format lacks an argument");
      out += ToString(arguments.positional[used++]);
      ++i;
    } else {
      Unsupported("calls 'format' with more than '%s'");
    }
  }
  if (used != arguments.positional.size()) throw TemplateFailure("format has too many arguments");
  return Value::String(std::move(out));
}

Value ToInteger(In value, Args arguments) {
  const ArgumentReader reader(arguments, {"default"});
  if (value.Is(Kind::kInt)) return value;
  if (value.Is(Kind::kBool)) return Value::Int(value.integer());
  Unsupported("makes a number of a " + std::string(KindName(value)));
}

Value AsList(In value, Args arguments) {
  const ArgumentReader reader(arguments, {});
  return Value::Sequence(Items(value));
}

Value LengthOf(In value, Args arguments) {
  const ArgumentReader reader(arguments, {});
  return Value::Int(Length(value));
}

Value Absolute(In value, Args arguments) {
  const ArgumentReader reader(arguments, {});
  if (!value.Is(Kind::kInt) || value.integer() == INT64_MIN) Unsupported("uses 'abs'");
  return Value::Int(std::abs(value.integer()));
}

const std::map<std::string_view, FilterFunction>& Filters() {
  static const std::map<std::string_view, FilterFunction> filters = {
      {"default", Default},
      {"d", Default},
      {"trim", Trim},
      {"title", Title},
      {"first", FirstOf},
      {"last", LastOf},
      {"join", Join},
      {"reverse", Reversed},
      {"replace", Replaced},
      {"tojson", Json},
      {"items", ItemsOf},
      {"map", Map},
      {"select", [](In v, Args a) { return Selected(v, a, false, true); }},
      {"reject", [](In v, Args a) { return Selected(v, a, false, false); }},
      {"selectattr", [](In v, Args a) { return Selected(v, a, true, true); }},
      {"rejectattr", [](In v, Args a) { return Selected(v, a, true, false); }},
      {"format", Formatted},
      {"int", ToInteger},
      {"list", AsList},
      {"length", LengthOf},
      {"count", LengthOf},
      {"abs", Absolute},
      {"string", [](In v, Args a) { return ArgumentReader(a, {}), Value::String(ToString(v)); }},
      {"upper",
       [](In v, Args a) { return ArgumentReader(a, {}), Value::String(Upper(ToString(v))); }},
      {"lower",
       [](In v, Args a) { return ArgumentReader(a, {}), Value::String(Lower(ToString(v))); }},
      {"capitalize",
       [](In v, Args a) { return ArgumentReader(a, {}), Value::String(Capitalize(ToString(v))); }},
  };
  return filters;
}

const Value& Operand(Args arguments) { return arguments.positional[0]; }

bool TakesOperand(const std::string& name) {
  constexpr std::string_view kAlone[] = {
      "defined", "undefined", "none",    "boolean",  "true",     "false",    "integer", "float",
      "number",  "string",    "mapping", "callable", "iterable", "sequence", "odd",     "even"};
  return std::find(std::begin(kAlone), std::end(kAlone), name) == std::end(kAlone);
}

int64_t Whole(In value) {
  if (!value.Is(Kind::kInt)) Unsupported("tests whether something is odd, even or divisible");
  return value.integer();
}

bool IsEqual(In value, Args arguments) { return Equal(value, Operand(arguments)); }
bool IsUnequal(In value, Args arguments) { return !Equal(value, Operand(arguments)); }
bool IsLess(In value, Args arguments) { return Less(value, Operand(arguments)); }
bool IsGreater(In value, Args arguments) { return Less(Operand(arguments), value); }

const std::map<std::string_view, TestFunction>& Tests() {
  static const std::map<std::string_view, TestFunction> tests = {
      {"defined", [](In v, Args) { return !v.is_undefined(); }},
      {"undefined", [](In v, Args) { return v.is_undefined(); }},
      {"none", [](In v, Args) { return v.is_none(); }},
      {"boolean", [](In v, Args) { return v.Is(Kind::kBool); }},
      {"true", [](In v, Args) { return v.Is(Kind::kBool) && v.integer() != 0; }},
      {"false", [](In v, Args) { return v.Is(Kind::kBool) && v.integer() == 0; }},
      {"integer", [](In v, Args) { return v.Is(Kind::kInt); }},
      {"float", [](In v, Args) { return v.Is(Kind::kFloat); }},
      {"number", [](In v, Args) { return v.is_number(); }},
      {"string", [](In v, Args) { return v.is_string(); }},
      {"mapping", [](In v, Args) { return v.Is(Kind::kDict); }},
      {"callable", [](In v, Args) { return v.Is(Kind::kFunction); }},
      {"iterable",
       [](In v, Args) {
         return v.is_sequence() || v.is_string() || v.Is(Kind::kDict) || v.is_undefined();
       }},
      {"sequence",
       [](In v, Args) {
         if (v.Is(Kind::kView)) Unsupported("tests whether a view is a sequence");
         return v.Is(Kind::kList) || v.Is(Kind::kTuple) || v.is_string() || v.Is(Kind::kDict) ||
                v.is_undefined();
       }},
      {"odd", [](In v, Args) { return Whole(v) % 2 != 0; }},
      {"even", [](In v, Args) { return Whole(v) % 2 == 0; }},
      {"divisibleby",
       [](In v, Args a) {
         const int64_t divisor = Whole(Operand(a));
         if (divisor == 0) throw TemplateFailure("division by zero");
         return divisor == -1 || Whole(v) % divisor == 0;
       }},
      {"in", [](In v, Args a) { return Contains(Operand(a), v); }},
      {"eq", IsEqual},
      {"equalto", IsEqual},
      {"==", IsEqual},
      {"ne", IsUnequal},
      {"!=", IsUnequal},
      {"lt", IsLess},
      {"lessthan", IsLess},
      {"<", IsLess},
      {"gt", IsGreater},
      {"greaterthan", IsGreater},
      {">", IsGreater},
  };
  return tests;
}

}  // namespace

ArgumentReader::ArgumentReader(const Arguments& arguments,
                               std::initializer_list<std::string_view> names, size_t required)
    : arguments_(arguments), names_(names) {
  if (arguments.positional.size() > names_.size()) throw TemplateFailure("too many arguments");
  for (const auto& [name, value] : arguments.named) {
    const auto found = std::find(names_.begin(), names_.end(), name);
    if (found == names_.end() ||
        static_cast<size_t>(found - names_.begin()) < arguments.positional.size()) {
      throw TemplateFailure("unexpected argument '" + name + "'");
    }
  }
  for (size_t i = 0; i < required; ++i) {
    if (Get(i) == nullptr) throw TemplateFailure("an argument is missing");
  }
}

const Value* ArgumentReader::Get(size_t index) const {
  if (index < arguments_.positional.size()) return &arguments_.positional[index];
  for (const auto& [name, value] : arguments_.named) {
    if (name == names_[index]) return &value;
  }
  return nullptr;
}

std::string ArgumentReader::Text(size_t index, const std::string& otherwise) const {
  const Value* value = Get(index);
  if (value == nullptr) return otherwise;
  if (!value->is_string()) throw TemplateFailure("an argument should be a text");
  return value->string();
}

int64_t ArgumentReader::Integer(size_t index, int64_t otherwise) const {
  const Value* value = Get(index);
  if (value == nullptr) return otherwise;
  if (!value->Is(Kind::kInt)) throw TemplateFailure("an argument should be a number");
  return value->integer();
}

bool ArgumentReader::Truth(size_t index, bool otherwise) const {
  const Value* value = Get(index);
  return value == nullptr ? otherwise : value->Truthy();
}

Value ApplyFilter(const std::string& name, const Value& value, const Arguments& arguments) {
  const auto filter = Filters().find(name);
  if (filter == Filters().end()) Unsupported("uses the filter '" + name + "'");
  if (!IsLazy(name)) return filter->second(value, arguments);
  try {
    return filter->second(value, arguments);
  } catch (const TemplateFailure& failure) {
    Unsupported("has a filter '" + name + "' that fails (" + failure.what() + ")");
  }
}

bool ApplyTest(const std::string& name, const Value& value, const Arguments& arguments) {
  const auto test = Tests().find(name);
  if (test == Tests().end()) Unsupported("uses the test '" + name + "'");
  const bool operand = TakesOperand(name);
  if (!arguments.named.empty() || arguments.positional.size() != (operand ? 1u : 0u)) {
    throw TemplateFailure("the test '" + name + "' has the wrong number of arguments");
  }
  return test->second(value, arguments);
}

}  // namespace quanta::converter::jinja
