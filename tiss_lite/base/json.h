// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "tiss_lite/base/value.h"

namespace quanta::lite {

/// Writes one JSON value, piece by piece; commas and indentation take care of themselves.
/// Strings may be any bytes: what is not UTF-8 becomes U+FFFD.
///
///   json.BeginObject();
///   json.Key("status").String("ok");
///   json.EndObject();
class JsonWriter {
 public:
  /// `indent`: blanks per level; 0 writes everything on one line.
  explicit JsonWriter(int indent = 0) : indent_(indent) {}

  JsonWriter& BeginObject() { return Begin('{'); }
  JsonWriter& EndObject() { return End('}'); }
  JsonWriter& BeginList() { return Begin('['); }
  JsonWriter& EndList() { return End(']'); }
  JsonWriter& Key(std::string_view key);
  JsonWriter& String(std::string_view text);
  JsonWriter& Number(double number);
  JsonWriter& Boolean(bool boolean);
  JsonWriter& Null();
  JsonWriter& Write(const Value& value);

  const std::string& text() const { return text_; }
  std::string Take() { return std::move(text_); }

 private:
  JsonWriter& Begin(char bracket);
  JsonWriter& End(char bracket);
  void Separate();
  void NewLine();

  std::string text_;
  std::vector<bool> filled_;  ///< per open bracket: has an element
  int indent_;
  bool after_key_ = false;
};

/// Reads one JSON value (RFC 8259) that is all of `text`, blanks around it allowed. False if
/// it is not that, is nested deeper than 64, or holds a number beyond a double.
bool ParseJson(std::string_view text, Value* value);

}  // namespace quanta::lite
