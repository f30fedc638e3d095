// SPDX-License-Identifier: MIT
#include <algorithm>
#include <cctype>
#include <map>

#include "converter/chat/jinja/builtins.h"
#include "converter/chat/jinja/text.h"

namespace quanta::converter::jinja {
namespace {

using TextMethod = Value (*)(const std::string& text, const Arguments& arguments);

Value Texts(const std::vector<std::string>& texts, Kind kind = Kind::kList) {
  List items;
  for (const std::string& text : texts) items.push_back(Value::String(text));
  return Value::Sequence(std::move(items), kind);
}

/// The text argument at `index`; nothing if it is missing or None.
const std::string* OptionalText(const ArgumentReader& reader, size_t index, std::string* storage) {
  const Value* value = reader.Get(index);
  if (value == nullptr || value->is_none()) return nullptr;
  *storage = reader.Text(index, "");
  return storage;
}

Value Stripped(const std::string& text, const Arguments& arguments, bool start, bool end) {
  const ArgumentReader reader(arguments, {"chars"});
  std::string storage;
  return Value::String(std::string(Strip(text, OptionalText(reader, 0, &storage), start, end)));
}

Value SplitText(const std::string& text, const Arguments& arguments, bool from_end) {
  const ArgumentReader reader(arguments, {"sep", "maxsplit"});
  std::string storage;
  const std::string* separator = OptionalText(reader, 0, &storage);
  const int64_t count = reader.Integer(1, -1);
  if (separator != nullptr) {
    return Texts(from_end ? SplitFromEnd(text, *separator, count) : Split(text, *separator, count));
  }
  if (count >= 0) Unsupported("splits a text into some of its words");
  return Texts(SplitWords(text));
}

/// Python takes one text or a tuple of them.
Value HasEnd(const std::string& text, const Arguments& arguments, bool start) {
  const ArgumentReader reader(arguments, {"affix"}, 1);
  const auto has = [&](const Value& affix) {
    if (!affix.is_string()) throw TemplateFailure("a text or a tuple of texts is expected");
    return start ? text.starts_with(affix.string()) : text.ends_with(affix.string());
  };
  const Value& affix = *reader.Get(0);
  if (!affix.Is(Kind::kTuple)) return Value::Bool(has(affix));
  return Value::Bool(std::any_of(affix.items().begin(), affix.items().end(), has));
}

Value Position(const std::string& text, const Arguments& arguments, bool last) {
  const ArgumentReader reader(arguments, {"sub"}, 1);
  const std::string what = reader.Text(0, "");
  const size_t at = last ? text.rfind(what) : text.find(what);
  if (at == std::string::npos) return Value::Int(-1);
  return Value::Int(static_cast<int64_t>(CountCodePoints(std::string_view(text).substr(0, at))));
}

Value Partition(const std::string& text, const Arguments& arguments, bool last) {
  const ArgumentReader reader(arguments, {"sep"}, 1);
  const std::string separator = reader.Text(0, "");
  std::vector<std::string> parts =
      last ? SplitFromEnd(text, separator, 1) : Split(text, separator, 1);
  if (parts.size() == 2) {
    parts.insert(parts.begin() + 1, separator);
  } else {
    parts.insert(last ? parts.begin() : parts.end(), 2, "");
  }
  return Texts(parts, Kind::kTuple);
}

std::string Title(const std::string& text) {
  std::string out = Lower(text);
  bool inside = false;
  for (char& c : out) {
    const bool letter = std::isalpha(static_cast<unsigned char>(c)) != 0;
    if (letter && !inside) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
    inside = letter;
  }
  return out;
}

/// str.format with plain "{}" only.
Value Formatted(const std::string& text, const Arguments& arguments) {
  std::string out;
  size_t used = 0;
  for (size_t i = 0; i < text.size(); ++i) {
    const char next = i + 1 < text.size() ? text[i + 1] : '\0';
    if (text[i] != '{' && text[i] != '}') {
      out += text[i];
      continue;
    }
    if (next == text[i]) {
      out += next;
    } else if (text[i] == '{' && next == '}') {
      if (used == arguments.positional.size()) throw TemplateFailure("format lacks an argument");
      out += ToString(arguments.positional[used++]);
    } else {
      Unsupported("calls 'format' with more than '{}'");
    }
    ++i;
  }
  return Value::String(std::move(out));
}

Value Join(const std::string& separator, const Arguments& arguments) {
  const ArgumentReader reader(arguments, {"iterable"}, 1);
  std::string out;
  bool first = true;
  for (const Value& item : Items(*reader.Get(0))) {
    if (!item.is_string()) throw TemplateFailure("join expects texts");
    if (!first) out += separator;
    out += item.string();
    if (out.size() > kMaxTextBytes) TooLong();
    first = false;
  }
  return Value::String(std::move(out));
}

Value CountOf(const std::string& text, const Arguments& arguments) {
  const ArgumentReader reader(arguments, {"sub"}, 1);
  const std::string what = reader.Text(0, "");
  if (what.empty()) return Value::Int(static_cast<int64_t>(CountCodePoints(text)) + 1);
  return Value::Int(static_cast<int64_t>(Split(text, what, -1).size()) - 1);
}

Value WithoutAffix(const std::string& text, const Arguments& arguments, bool start) {
  const ArgumentReader reader(arguments, {"affix"}, 1);
  const std::string affix = reader.Text(0, "");
  if (start && text.starts_with(affix)) return Value::String(text.substr(affix.size()));
  if (!start && text.ends_with(affix)) {
    return Value::String(text.substr(0, text.size() - affix.size()));
  }
  return Value::String(text);
}

Value Replaced(const std::string& text, const Arguments& arguments) {
  const ArgumentReader reader(arguments, {"old", "new", "count"}, 2);
  return Value::String(
      Replace(text, reader.Text(0, ""), reader.Text(1, ""), reader.Integer(2, -1)));
}

using Text = const std::string&;
using Args = const Arguments&;

const std::map<std::string_view, TextMethod>& TextMethods() {
  static const std::map<std::string_view, TextMethod> methods = {
      {"strip", [](Text t, Args a) { return Stripped(t, a, true, true); }},
      {"lstrip", [](Text t, Args a) { return Stripped(t, a, true, false); }},
      {"rstrip", [](Text t, Args a) { return Stripped(t, a, false, true); }},
      {"split", [](Text t, Args a) { return SplitText(t, a, false); }},
      {"rsplit", [](Text t, Args a) { return SplitText(t, a, true); }},
      {"startswith", [](Text t, Args a) { return HasEnd(t, a, true); }},
      {"endswith", [](Text t, Args a) { return HasEnd(t, a, false); }},
      {"find", [](Text t, Args a) { return Position(t, a, false); }},
      {"rfind", [](Text t, Args a) { return Position(t, a, true); }},
      {"partition", [](Text t, Args a) { return Partition(t, a, false); }},
      {"rpartition", [](Text t, Args a) { return Partition(t, a, true); }},
      {"removeprefix", [](Text t, Args a) { return WithoutAffix(t, a, true); }},
      {"removesuffix", [](Text t, Args a) { return WithoutAffix(t, a, false); }},
      {"upper", [](Text t, Args a) { return ArgumentReader(a, {}), Value::String(Upper(t)); }},
      {"lower", [](Text t, Args a) { return ArgumentReader(a, {}), Value::String(Lower(t)); }},
      {"title", [](Text t, Args a) { return ArgumentReader(a, {}), Value::String(Title(t)); }},
      {"capitalize",
       [](Text t, Args a) { return ArgumentReader(a, {}), Value::String(Capitalize(t)); }},
      {"replace", Replaced},
      {"count", CountOf},
      {"join", Join},
      {"format", Formatted},
  };
  return methods;
}

bool IsOneOf(const std::string& name, std::initializer_list<std::string_view> names) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

Value DictMethod(const Value& dict, const std::string& name) {
  if (name == "get") {
    return Value::Callable([dict](const Arguments& arguments) {
      const ArgumentReader reader(arguments, {"key", "default"}, 1);
      const Value& key = *reader.Get(0);
      const Value* found = key.is_string() ? dict.Find(key.string()) : nullptr;
      if (found != nullptr) return *found;
      return reader.Get(1) != nullptr ? *reader.Get(1) : Value::None();
    });
  }
  if (IsOneOf(name, {"items", "keys", "values"})) {
    return Value::Callable([dict, name](const Arguments& arguments) {
      const ArgumentReader reader(arguments, {});
      List list;
      for (const auto& [key, value] : dict.entries()) {
        const Value first = Value::String(key);
        list.push_back(name == "keys"     ? first
                       : name == "values" ? value
                                          : Value::Sequence({first, value}, Kind::kTuple));
      }
      return Value::Sequence(std::move(list), Kind::kView);
    });
  }
  if (IsOneOf(name, {"pop", "popitem", "update", "setdefault", "clear"})) {
    throw TemplateFailure("access to '" + name + "' is unsafe");
  }
  if (IsOneOf(name, {"copy", "fromkeys"})) Unsupported("calls '" + name + "'");
  return {};
}

}  // namespace

Value Method(const Value& value, const std::string& name) {
  if (name.starts_with('_')) Unsupported("uses '" + name + "'");
  if (value.is_string()) {
    const auto method = TextMethods().find(name);
    if (method != TextMethods().end()) {
      return Value::Callable([value, call = method->second](const Arguments& arguments) {
        return call(value.string(), arguments);
      });
    }
    if (IsOneOf(name, {"casefold", "center",       "encode",     "expandtabs", "format_map",
                       "index",    "isalnum",      "isalpha",    "isascii",    "isdecimal",
                       "isdigit",  "isidentifier", "islower",    "isnumeric",  "isprintable",
                       "isspace",  "istitle",      "isupper",    "ljust",      "maketrans",
                       "rindex",   "rjust",        "splitlines", "swapcase",   "translate",
                       "zfill"})) {
      Unsupported("calls '" + name + "' of a text");
    }
    return {};
  }
  if (value.Is(Kind::kDict)) return DictMethod(value, name);
  if (value.Is(Kind::kList)) {
    if (IsOneOf(name,
                {"append", "clear", "extend", "insert", "pop", "remove", "reverse", "sort"})) {
      throw TemplateFailure("access to '" + name + "' is unsafe");
    }
    if (IsOneOf(name, {"copy", "count", "index"})) Unsupported("calls '" + name + "' of a list");
    return {};
  }
  if (value.is_none() || value.Is(Kind::kNamespace)) return {};
  Unsupported("uses '" + name + "' of a value of the kind " + KindName(value));
}

Value Attribute(const Value& value, const std::string& name) {
  if (value.is_undefined()) throw TemplateFailure("'" + name + "' of something undefined");
  if (value.Is(Kind::kNamespace)) {
    const Value* found = value.Find(name);
    return found != nullptr ? *found : Value();
  }
  Value method = Method(value, name);
  if (!method.is_undefined() || !value.Is(Kind::kDict)) return method;
  const Value* found = value.Find(name);
  return found != nullptr ? *found : Value();
}

Value Item(const Value& value, const Value& key) {
  if (value.is_undefined()) throw TemplateFailure("an item of something undefined");
  if (value.Is(Kind::kDict) && key.is_string()) {
    const Value* found = value.Find(key.string());
    return found != nullptr ? *found : Method(value, key.string());
  }
  if (key.is_string()) return Attribute(value, key.string());
  const bool indexed = value.Is(Kind::kList) || value.Is(Kind::kTuple) || value.is_string();
  if (value.Is(Kind::kView)) Unsupported("takes an item of a range or view");
  if (!indexed || !(key.Is(Kind::kInt) || key.Is(Kind::kBool))) return {};
  const int64_t length = Length(value);
  const int64_t index = key.integer() < 0 ? key.integer() + length : key.integer();
  if (index < 0 || index >= length) return {};
  if (!value.is_string()) return value.items()[static_cast<size_t>(index)];
  return Value::String(std::string(CodePoints(value.string())[static_cast<size_t>(index)]));
}

}  // namespace quanta::converter::jinja
