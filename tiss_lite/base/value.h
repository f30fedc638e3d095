// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace quanta::lite {

/// What a variable, a directive or a literal holds. Text is valid UTF-8. Depth is bounded by
/// whoever builds one (kMaxValueDepth in scripts), so walking one recursively is safe.
struct Value {
  enum class Kind : uint8_t { kNull, kBoolean, kNumber, kText, kList, kObject };

  Kind kind = Kind::kNull;
  bool boolean = false;
  double number = 0;
  std::string text;
  std::vector<Value> items;       ///< of a list, or the values of an object
  std::vector<std::string> keys;  ///< of an object, in the order written, each once

  static Value Text(std::string text);
  static Value Number(double number);
  static Value Boolean(bool boolean);
  static Value List();
  static Value Object();

  bool is(Kind other) const { return kind == other; }
  bool is_text() const { return kind == Kind::kText; }
  /// The value of `key`; null if this is no object or has no such key.
  const Value* Find(std::string_view key) const;
  /// Adds or replaces.
  void Set(std::string_view key, Value value);
};

/// "text", "number", "boolean", "list", "object", "null".
const char* KindName(Value::Kind kind);

/// The form in which a value is put into a text: text itself, numbers in their shortest form,
/// lists and objects as JSON.
std::string TextForm(const Value& value);

/// The number that a number, or a text that is wholly one but for space around it, stands for.
std::optional<double> NumberOf(const Value& value);

/// Deep equality; the order of an object's keys does not count.
bool DeeplyEqual(const Value& a, const Value& b);

/// Bytes that the value takes against the limits on variables.
size_t ValueBytes(const Value& value);

}  // namespace quanta::lite
