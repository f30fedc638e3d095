// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace quanta::converter::jinja {

/// What a template computes with: Python's values, as far as chat templates use them.
/// Lists, dictionaries and namespaces are shared when copied, as in Python.
class Value;

using List = std::vector<Value>;
/// Keys are strings; in the order in which they were written.
using Dict = std::vector<std::pair<std::string, Value>>;

struct Arguments {
  std::vector<Value> positional;
  std::vector<std::pair<std::string, Value>> named;
};

using Function = std::function<Value(const Arguments&)>;

enum class Kind {
  kUndefined,  ///< a name, key or index that is not there
  kNone,
  kBool,
  kInt,
  kFloat,
  kString,
  kList,
  kTuple,
  kDict,
  kNamespace,
  kGenerator,  ///< yields a list's items once; true even if there are none
  kView,       ///< a range or a dictionary's items: a list that does not print as one
  kFunction,
};

class Value {
 public:
  Value() = default;  ///< undefined
  static Value None() { return Value(Kind::kNone); }
  static Value Bool(bool value);
  static Value Int(int64_t value);
  static Value Float(double value);
  /// Throws ChatError (kLimit) if it is too long.
  static Value String(std::string value);
  /// `kind`: kList, kTuple, kGenerator or kView. Throws ChatError (kLimit).
  static Value Sequence(List items, Kind kind = Kind::kList);
  static Value Dictionary(Dict entries, Kind kind = Kind::kDict);
  static Value Callable(Function function);

  Kind kind() const { return kind_; }
  bool Is(Kind kind) const { return kind_ == kind; }
  bool is_undefined() const { return kind_ == Kind::kUndefined; }
  bool is_none() const { return kind_ == Kind::kNone; }
  bool is_string() const { return kind_ == Kind::kString; }
  bool is_sequence() const;  ///< a list, or something like one
  /// Of a bool, int or float.
  bool is_number() const;

  int64_t integer() const { return integer_; }  ///< of kInt and kBool
  double real() const;                          ///< of a number
  const std::string& string() const { return *string_; }
  const List& items() const { return *list_; }
  Dict& entries() const { return *dict_; }
  const Function& function() const { return *function_; }

  /// A dictionary's or namespace's entry; nullptr if there is none.
  const Value* Find(std::string_view key) const;
  void Set(const std::string& key, Value value) const;

  bool Truthy() const;

 private:
  explicit Value(Kind kind) : kind_(kind) {}

  Kind kind_ = Kind::kUndefined;
  int64_t integer_ = 0;
  double real_ = 0;
  std::shared_ptr<const std::string> string_;
  std::shared_ptr<List> list_;
  std::shared_ptr<Dict> dict_;
  std::shared_ptr<const Function> function_;
};

/// The template fails here, as it does in Jinja.
class TemplateFailure : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// Throws ChatError (kUnsupported): Jinja goes on here, we cannot.
[[noreturn]] void Unsupported(const std::string& what);

/// The longest text that a template may make. More, or a list that is too long, throws
/// ChatError (kLimit).
inline constexpr size_t kMaxTextBytes = 256u << 10;
[[noreturn]] void TooLong();

/// Python's ==.
bool Equal(const Value& a, const Value& b);
/// Python's <. Throws TemplateFailure if the two have no order.
bool Less(const Value& a, const Value& b);
/// Python's `item in container`.
bool Contains(const Value& container, const Value& item);

/// Python's str() and repr().
std::string ToString(const Value& value);
std::string Repr(const Value& value);
/// As transformers' tojson writes it; `indent` < 0: on one line.
std::string ToJson(const Value& value, int64_t indent);

/// What a loop over `value` goes through. A generator is empty afterwards.
/// Throws TemplateFailure if it is nothing to loop over.
List Items(const Value& value);

/// Python's len().
int64_t Length(const Value& value);

/// For messages: "str", "list" and so on.
const char* KindName(const Value& value);

}  // namespace quanta::converter::jinja
