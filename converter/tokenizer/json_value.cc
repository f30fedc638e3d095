// SPDX-License-Identifier: MIT
#include "converter/tokenizer/json_value.h"

#include <algorithm>

#include "converter/error.h"

namespace quanta::converter {

std::string Quote(std::string_view text) {
  constexpr size_t kLongest = 120;
  std::string quoted = "'";
  if (text.size() <= kLongest) return quoted.append(text).append("'");
  size_t end = kLongest;
  while (end > 0 && (static_cast<uint8_t>(text[end]) & 0xC0) == 0x80) --end;
  return quoted.append(text.substr(0, end)).append("...'");
}

JsonValue JsonValue::operator[](const char* key) const {
  static const Json kNull;
  if (!json_->is_object()) Corrupt("must be an object");
  const auto found = json_->find(key);
  const char* joint = path_.ends_with(".json") ? ": " : ".";  // the file, then what is in it
  return JsonValue(found == json_->end() ? kNull : *found, path_ + joint + key);
}

JsonValue JsonValue::At(size_t i) const {
  return JsonValue((*json_)[i], path_ + "[" + std::to_string(i) + "]");
}

size_t JsonValue::ArraySize() const {
  if (!json_->is_array()) Corrupt("must be an array");
  return json_->size();
}

const std::string& JsonValue::String() const {
  if (!json_->is_string()) Corrupt("must be a string");
  return json_->get_ref<const std::string&>();
}

bool JsonValue::Bool() const {
  if (!json_->is_boolean()) Corrupt("must be true or false");
  return json_->get<bool>();
}

bool JsonValue::BoolOr(bool fallback) const { return is_null() ? fallback : Bool(); }

uint32_t JsonValue::Id() const {
  if (!json_->is_number_unsigned()) Corrupt("must be a token id: a whole number from 0 on");
  const auto id = json_->get<uint64_t>();
  if (id >= kMaxVocab) Corrupt("token id " + std::to_string(id) + " is beyond any vocabulary");
  return static_cast<uint32_t>(id);
}

void JsonValue::CheckKeys(std::initializer_list<const char*> keys) const {
  if (!json_->is_object()) Corrupt("must be an object");
  for (const auto& item : json_->items()) {
    const std::string& key = item.key();
    if (std::none_of(keys.begin(), keys.end(), [&](const char* known) { return key == known; })) {
      Unsupported("the setting " + Quote(key) + " is not known",
                  "leaving it out of account could change token ids");
    }
  }
}

void JsonValue::Corrupt(std::string_view what, std::string_view hint) const {
  throw Error(Code::kCorrupt, path_, what, hint);
}

void JsonValue::Unsupported(std::string_view what, std::string_view hint) const {
  throw Error(Code::kUnsupported, path_, what, hint);
}

}  // namespace quanta::converter
