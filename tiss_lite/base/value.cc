// SPDX-License-Identifier: MIT
#include "tiss_lite/base/value.h"

#include "tiss_lite/base/chars.h"
#include "tiss_lite/base/json.h"
#include "tiss_lite/base/number.h"

namespace quanta::lite {

using Kind = Value::Kind;

Value Value::Text(std::string text) {
  Value value;
  value.kind = Kind::kText;
  value.text = std::move(text);
  return value;
}

Value Value::Number(double number) {
  Value value;
  value.kind = Kind::kNumber;
  value.number = number;
  return value;
}

Value Value::Boolean(bool boolean) {
  Value value;
  value.kind = Kind::kBoolean;
  value.boolean = boolean;
  return value;
}

Value Value::List() {
  Value value;
  value.kind = Kind::kList;
  return value;
}

Value Value::Object() {
  Value value;
  value.kind = Kind::kObject;
  return value;
}

const Value* Value::Find(std::string_view key) const {
  for (size_t i = 0; i < keys.size(); ++i) {
    if (keys[i] == key) return &items[i];
  }
  return nullptr;
}

void Value::Set(std::string_view key, Value value) {
  for (size_t i = 0; i < keys.size(); ++i) {
    if (keys[i] == key) {
      items[i] = std::move(value);
      return;
    }
  }
  keys.emplace_back(key);
  items.push_back(std::move(value));
}

const char* KindName(Kind kind) {
  switch (kind) {
    case Kind::kNull:
      return "null";
    case Kind::kBoolean:
      return "boolean";
    case Kind::kNumber:
      return "number";
    case Kind::kText:
      return "text";
    case Kind::kList:
      return "list";
    case Kind::kObject:
      return "object";
  }
  return "";
}

std::string TextForm(const Value& value) {
  if (value.is_text()) return value.text;
  JsonWriter json;
  json.Write(value);
  return json.Take();
}

std::optional<double> NumberOf(const Value& value) {
  if (value.is(Kind::kNumber)) return value.number;
  if (value.is_text()) return ParseNumber(Trim(value.text));
  return std::nullopt;
}

bool DeeplyEqual(const Value& a, const Value& b) {
  if (a.kind != b.kind || a.items.size() != b.items.size()) return false;
  switch (a.kind) {
    case Kind::kNull:
      return true;
    case Kind::kBoolean:
      return a.boolean == b.boolean;
    case Kind::kNumber:
      return a.number == b.number;
    case Kind::kText:
      return a.text == b.text;
    case Kind::kList:
      for (size_t i = 0; i < a.items.size(); ++i) {
        if (!DeeplyEqual(a.items[i], b.items[i])) return false;
      }
      return true;
    case Kind::kObject:
      for (size_t i = 0; i < a.items.size(); ++i) {
        const Value* other = b.Find(a.keys[i]);
        if (other == nullptr || !DeeplyEqual(a.items[i], *other)) return false;
      }
      return true;
  }
  return false;
}

size_t ValueBytes(const Value& value) {
  // Of a value itself: the same wherever pointers are smaller.
  constexpr size_t kOwnBytes = 96;
  size_t bytes = kOwnBytes + value.text.size();
  if (value.is_text()) bytes = value.text.size();
  for (const Value& item : value.items) bytes += ValueBytes(item);
  for (const std::string& key : value.keys) bytes += key.size();
  return bytes;
}

}  // namespace quanta::lite
