// SPDX-License-Identifier: MIT
#include "converter/chat/jinja/value.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdio>

#include "converter/chat/chat_error.h"
#include "converter/chat/jinja/text.h"
#include "converter/chat/jinja/work.h"

namespace quanta::converter::jinja {
namespace {

constexpr size_t kMaxItems = 10'000;
constexpr int kMaxDepth = 50;  // of lists in lists that are compared or printed

/// Counts how deep a function is inside itself.
class DepthGuard {
 public:
  DepthGuard() {
    if (++depth_ > kMaxDepth) Unsupported("nests values too deeply");
  }
  ~DepthGuard() { --depth_; }
  DepthGuard(const DepthGuard&) = delete;
  DepthGuard& operator=(const DepthGuard&) = delete;

 private:
  static thread_local int depth_;
};
thread_local int DepthGuard::depth_ = 0;

std::string FloatText(double value) {
  if (!std::isfinite(value) || std::fabs(value) >= 1e16 ||
      (value != 0 && std::fabs(value) < 1e-4)) {
    Unsupported("prints a number of unusual size");
  }
  char digits[64];
  const auto end = std::to_chars(digits, digits + sizeof(digits), value, std::chars_format::fixed);
  std::string text(digits, end.ptr);
  return text.find('.') == std::string::npos ? text + ".0" : text;
}

std::string StringRepr(const std::string& text) {
  if (!IsAscii(text)) Unsupported("prints a list of texts that are not ASCII");
  const bool single = text.find('\'') == std::string::npos || text.find('"') != std::string::npos;
  const char quote = single ? '\'' : '"';
  std::string out(1, quote);
  for (const char c : text) {
    if (c == quote || c == '\\') {
      out += '\\';
      out += c;
    } else if (c == '\n') {
      out += "\\n";
    } else if (c == '\r') {
      out += "\\r";
    } else if (c == '\t') {
      out += "\\t";
    } else if (c < 0x20 || c == 0x7F) {
      char escape[8];
      std::snprintf(escape, sizeof(escape), "\\x%02x", static_cast<unsigned>(c));
      out += escape;
    } else {
      out += c;
    }
  }
  return out + quote;
}

std::string JsonString(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    constexpr std::string_view kShort = "\"\\\b\f\n\r\t";
    constexpr std::string_view kLetters = "\"\\bfnrt";
    if (const size_t at = kShort.find(c); at != std::string_view::npos) {
      out += '\\';
      out += kLetters[at];
    } else if (static_cast<unsigned char>(c) < 0x20) {
      char escape[8];
      std::snprintf(escape, sizeof(escape), "\\u%04x", static_cast<unsigned>(c));
      out += escape;
    } else {
      out += c;
    }
  }
  return out + "\"";
}

/// Items and separators between brackets; `line`: the start of a line inside of them.
template <class Items, class Write>
std::string Joined(const Items& items, std::string_view brackets, int64_t indent, int64_t level,
                   const Write& write) {
  std::string out(1, brackets[0]);
  const auto line = [&](int64_t depth) {
    if (indent >= 0) out += "\n" + std::string(static_cast<size_t>(indent * depth), ' ');
  };
  bool first = true;
  for (const auto& item : items) {
    if (!first) out += indent >= 0 ? "," : ", ";
    line(level + 1);
    out += write(item);
    if (out.size() > kMaxTextBytes) TooLong();
    first = false;
  }
  if (!first) line(level);
  return out + brackets[1];
}

std::string Json(const Value& value, int64_t indent, int64_t level) {
  const DepthGuard guard;
  SpendWork(1);
  switch (value.kind()) {
    case Kind::kNone:
      return "null";
    case Kind::kBool:
      return value.integer() != 0 ? "true" : "false";
    case Kind::kInt:
      return std::to_string(value.integer());
    case Kind::kFloat:
      return FloatText(value.real());
    case Kind::kString:
      return JsonString(value.string());
    case Kind::kList:
    case Kind::kTuple:
      return Joined(value.items(), "[]", indent, level,
                    [&](const Value& item) { return Json(item, indent, level + 1); });
    case Kind::kDict:
      return Joined(value.entries(), "{}", indent, level, [&](const auto& entry) {
        return JsonString(entry.first) + ": " + Json(entry.second, indent, level + 1);
      });
    default:
      throw TemplateFailure(std::string(KindName(value)) + " is not JSON serializable");
  }
}

bool SameItems(const List& a, const List& b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), Equal);
}

}  // namespace

void Unsupported(const std::string& what) {
  throw ChatError(Code::kUnsupported, "the chat template " + what + ", which is not supported");
}

void TooLong() {
  throw ChatError(Code::kLimit, "the chat template makes a text or list that is too long");
}

Value Value::Bool(bool value) {
  Value out(Kind::kBool);
  out.integer_ = value;
  return out;
}
Value Value::Int(int64_t value) {
  Value out(Kind::kInt);
  out.integer_ = value;
  return out;
}
Value Value::Float(double value) {
  Value out(Kind::kFloat);
  out.real_ = value;
  return out;
}
Value Value::String(std::string value) {
  if (value.size() > kMaxTextBytes) TooLong();
  SpendWork(value.size() / 64);
  Value out(Kind::kString);
  out.string_ = std::make_shared<const std::string>(std::move(value));
  return out;
}
Value Value::Sequence(List items, Kind kind) {
  if (items.size() > kMaxItems) TooLong();
  SpendWork(items.size());
  Value out(kind);
  out.list_ = std::make_shared<List>(std::move(items));
  return out;
}
Value Value::Dictionary(Dict entries, Kind kind) {
  if (entries.size() > kMaxItems) TooLong();
  Value out(kind);
  out.dict_ = std::make_shared<Dict>(std::move(entries));
  return out;
}
Value Value::Callable(Function function) {
  Value out(Kind::kFunction);
  out.function_ = std::make_shared<const Function>(std::move(function));
  return out;
}

bool Value::is_sequence() const {
  return kind_ == Kind::kList || kind_ == Kind::kTuple || kind_ == Kind::kView ||
         kind_ == Kind::kGenerator;
}
bool Value::is_number() const {
  return kind_ == Kind::kBool || kind_ == Kind::kInt || kind_ == Kind::kFloat;
}
double Value::real() const { return kind_ == Kind::kFloat ? real_ : static_cast<double>(integer_); }

const Value* Value::Find(std::string_view key) const {
  for (const auto& [name, value] : *dict_) {
    if (name == key) return &value;
  }
  return nullptr;
}

void Value::Set(const std::string& key, Value value) const {
  for (auto& [name, old] : *dict_) {
    if (name != key) continue;
    old = std::move(value);
    return;
  }
  if (dict_->size() >= kMaxItems) TooLong();
  dict_->emplace_back(key, std::move(value));
}

bool Value::Truthy() const {
  switch (kind_) {
    case Kind::kUndefined:
    case Kind::kNone:
      return false;
    case Kind::kBool:
    case Kind::kInt:
      return integer_ != 0;
    case Kind::kFloat:
      return real_ != 0;
    case Kind::kString:
      return !string_->empty();
    case Kind::kList:
    case Kind::kTuple:
    case Kind::kView:
      return !list_->empty();
    case Kind::kDict:
      return !dict_->empty();
    case Kind::kNamespace:
    case Kind::kGenerator:
    case Kind::kFunction:
      return true;
  }
  return true;
}

bool Equal(const Value& a, const Value& b) {
  const DepthGuard guard;
  SpendWork(1);
  if (a.is_number() && b.is_number()) {
    return a.Is(Kind::kFloat) || b.Is(Kind::kFloat) ? a.real() == b.real()
                                                    : a.integer() == b.integer();
  }
  if (a.kind() != b.kind()) return false;
  switch (a.kind()) {
    case Kind::kUndefined:
    case Kind::kNone:
      return true;
    case Kind::kString:
      return a.string() == b.string();
    case Kind::kList:
    case Kind::kTuple:
      return SameItems(a.items(), b.items());
    case Kind::kDict:
      return a.entries().size() == b.entries().size() &&
             std::all_of(a.entries().begin(), a.entries().end(), [&](const auto& entry) {
               const Value* other = b.Find(entry.first);
               return other != nullptr && Equal(entry.second, *other);
             });
    default:
      Unsupported("compares values of the kind " + std::string(KindName(a)));
  }
}

bool Less(const Value& a, const Value& b) {
  if (a.is_number() && b.is_number()) {
    return a.Is(Kind::kFloat) || b.Is(Kind::kFloat) ? a.real() < b.real()
                                                    : a.integer() < b.integer();
  }
  // The order of UTF-8's bytes is that of the code points.
  if (a.is_string() && b.is_string()) return a.string() < b.string();
  if (a.is_sequence() && b.is_sequence()) Unsupported("compares lists by their order");
  throw TemplateFailure(std::string("no order between ") + KindName(a) + " and " + KindName(b));
}

bool Contains(const Value& container, const Value& item) {
  if (container.is_string()) {
    if (!item.is_string()) throw TemplateFailure("'in <string>' requires string as left operand");
    SpendWork(container.string().size() / 64);
    return container.string().find(item.string()) != std::string::npos;
  }
  if (container.Is(Kind::kDict)) {
    if (item.Is(Kind::kView)) Unsupported("looks for a range or view in a dictionary");
    if (item.Is(Kind::kList) || item.Is(Kind::kDict)) throw TemplateFailure("unhashable type");
    return item.is_string() && container.Find(item.string()) != nullptr;
  }
  const List items = Items(container);
  return std::any_of(items.begin(), items.end(),
                     [&](const Value& other) { return Equal(other, item); });
}

std::string ToString(const Value& value) {
  if (value.is_undefined()) return "";
  return value.is_string() ? value.string() : Repr(value);
}

std::string Repr(const Value& value) {
  const DepthGuard guard;
  SpendWork(1);
  switch (value.kind()) {
    case Kind::kUndefined:
      return "Undefined";
    case Kind::kNone:
      return "None";
    case Kind::kBool:
      return value.integer() != 0 ? "True" : "False";
    case Kind::kInt:
      return std::to_string(value.integer());
    case Kind::kFloat:
      return FloatText(value.real());
    case Kind::kString:
      return StringRepr(value.string());
    case Kind::kList:
      return Joined(value.items(), "[]", -1, 0, Repr);
    case Kind::kTuple:
      if (value.items().size() == 1) return "(" + Repr(value.items()[0]) + ",)";
      return Joined(value.items(), "()", -1, 0, Repr);
    case Kind::kDict:
      return Joined(value.entries(), "{}", -1, 0, [](const auto& entry) {
        return StringRepr(entry.first) + ": " + Repr(entry.second);
      });
    default:
      Unsupported("prints values of the kind " + std::string(KindName(value)));
  }
}

std::string ToJson(const Value& value, int64_t indent) { return Json(value, indent, 0); }

List Items(const Value& value) {
  switch (value.kind()) {
    case Kind::kUndefined:
      return {};
    case Kind::kList:
    case Kind::kTuple:
    case Kind::kView:
      SpendWork(value.items().size());
      return value.items();
    case Kind::kGenerator:
      return std::exchange(const_cast<List&>(value.items()), {});
    case Kind::kString: {
      List items;
      for (const std::string_view point : CodePoints(value.string())) {
        items.push_back(Value::String(std::string(point)));
        if (items.size() > kMaxItems) TooLong();
      }
      return items;
    }
    case Kind::kDict: {
      List keys;
      for (const auto& [key, entry] : value.entries()) keys.push_back(Value::String(key));
      return keys;
    }
    default:
      throw TemplateFailure(std::string(KindName(value)) + " is not iterable");
  }
}

int64_t Length(const Value& value) {
  switch (value.kind()) {
    case Kind::kUndefined:
      return 0;
    case Kind::kString:
      return static_cast<int64_t>(CountCodePoints(value.string()));
    case Kind::kList:
    case Kind::kTuple:
    case Kind::kView:
      return static_cast<int64_t>(value.items().size());
    case Kind::kDict:
      return static_cast<int64_t>(value.entries().size());
    default:
      throw TemplateFailure(std::string(KindName(value)) + " has no length");
  }
}

const char* KindName(const Value& value) {
  constexpr const char* kNames[] = {"undefined", "none", "bool",    "int",  "float",
                                    "text",      "list", "tuple",   "dict", "namespace",
                                    "generator", "view", "function"};
  return kNames[static_cast<size_t>(value.kind())];
}

}  // namespace quanta::converter::jinja
