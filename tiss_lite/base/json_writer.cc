// SPDX-License-Identifier: MIT
#include "tiss_lite/base/json.h"
#include "tiss_lite/base/number.h"
#include "tiss_lite/base/utf8.h"

namespace quanta::lite {
namespace {

void AppendEscaped(char c, std::string* out) {
  constexpr char kDigits[] = "0123456789abcdef";
  switch (c) {
    case '"':
      *out += "\\\"";
      return;
    case '\\':
      *out += "\\\\";
      return;
    case '\n':
      *out += "\\n";
      return;
    case '\r':
      *out += "\\r";
      return;
    case '\t':
      *out += "\\t";
      return;
    default:
      break;
  }
  if (static_cast<unsigned char>(c) >= 0x20 && c != 0x7F) {
    *out += c;
    return;
  }
  *out += "\\u00";
  *out += kDigits[c >> 4];
  *out += kDigits[c & 15];
}

void AppendString(std::string_view text, std::string* out) {
  *out += '"';
  while (!text.empty()) {
    const size_t length = CodePointLength(text);
    if (length == 1) {
      AppendEscaped(text[0], out);
    } else {
      out->append(length == 0 ? std::string_view("\xEF\xBF\xBD") : text.substr(0, length));
    }
    text.remove_prefix(length == 0 ? 1 : length);
  }
  *out += '"';
}

}  // namespace

void JsonWriter::NewLine() {
  if (indent_ == 0) return;
  text_ += '\n';
  text_.append(filled_.size() * static_cast<size_t>(indent_), ' ');
}

void JsonWriter::Separate() {
  if (after_key_) {
    after_key_ = false;
    return;
  }
  if (filled_.empty()) return;
  if (filled_.back()) text_ += ',';
  filled_.back() = true;
  NewLine();
}

JsonWriter& JsonWriter::Begin(char bracket) {
  Separate();
  text_ += bracket;
  filled_.push_back(false);
  return *this;
}

JsonWriter& JsonWriter::End(char bracket) {
  const bool filled = filled_.back();
  filled_.pop_back();
  if (filled) NewLine();
  text_ += bracket;
  return *this;
}

JsonWriter& JsonWriter::Key(std::string_view key) {
  Separate();
  AppendString(key, &text_);
  text_ += indent_ == 0 ? ":" : ": ";
  after_key_ = true;
  return *this;
}

JsonWriter& JsonWriter::String(std::string_view text) {
  Separate();
  AppendString(text, &text_);
  return *this;
}

JsonWriter& JsonWriter::Number(double number) {
  Separate();
  text_ += NumberText(number);
  return *this;
}

JsonWriter& JsonWriter::Boolean(bool boolean) {
  Separate();
  text_ += boolean ? "true" : "false";
  return *this;
}

JsonWriter& JsonWriter::Null() {
  Separate();
  text_ += "null";
  return *this;
}

JsonWriter& JsonWriter::Write(const Value& value) {
  switch (value.kind) {
    case Value::Kind::kNull:
      return Null();
    case Value::Kind::kBoolean:
      return Boolean(value.boolean);
    case Value::Kind::kNumber:
      return Number(value.number);
    case Value::Kind::kText:
      return String(value.text);
    case Value::Kind::kList:
      BeginList();
      for (const Value& item : value.items) Write(item);
      return EndList();
    case Value::Kind::kObject:
      BeginObject();
      for (size_t i = 0; i < value.items.size(); ++i) Key(value.keys[i]).Write(value.items[i]);
      return EndObject();
  }
  return *this;
}

}  // namespace quanta::lite
