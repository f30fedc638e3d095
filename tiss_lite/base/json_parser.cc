// SPDX-License-Identifier: MIT
#include <cstdint>
#include <unordered_map>

#include "tiss_lite/base/chars.h"
#include "tiss_lite/base/json.h"
#include "tiss_lite/base/number.h"
#include "tiss_lite/base/utf8.h"

namespace quanta::lite {
namespace {

constexpr int kMaxDepth = 64;

class Parser {
 public:
  explicit Parser(std::string_view text) : text_(text) {}

  bool All(Value* value) {
    if (!IsUtf8(text_) || !Element(value, 0)) return false;
    Spaces();
    return at_ == text_.size();
  }

 private:
  void Spaces() {
    while (at_ < text_.size() && IsSpace(text_[at_])) ++at_;
  }
  bool Take(std::string_view expected) {
    if (text_.substr(at_, expected.size()) != expected) return false;
    at_ += expected.size();
    return true;
  }

  bool Element(Value* value, int depth) {
    Spaces();
    if (depth > kMaxDepth || at_ == text_.size()) return false;
    switch (text_[at_]) {
      case '{':
        return Object(value, depth);
      case '[':
        return List(value, depth);
      case '"':
        value->kind = Value::Kind::kText;
        return String(&value->text);
      case 't':
        *value = Value::Boolean(true);
        return Take("true");
      case 'f':
        *value = Value::Boolean(false);
        return Take("false");
      case 'n':
        *value = Value();
        return Take("null");
      default:
        return Number(value);
    }
  }

  bool Number(Value* value) {
    const std::string_view rest = text_.substr(at_);
    const size_t length = NumberLength(rest);
    const std::string_view digits = rest.substr(rest.starts_with('-') ? 1 : 0);
    // JSON has no leading zeros.
    if (digits.size() > 1 && digits[0] == '0' && IsDigit(digits[1])) return false;
    const auto number = ParseNumber(rest.substr(0, length));
    if (!number) return false;
    *value = Value::Number(*number);
    at_ += length;
    return true;
  }

  bool List(Value* value, int depth) {
    *value = Value::List();
    ++at_;
    Spaces();
    if (Take("]")) return true;
    do {
      value->items.emplace_back();
      if (!Element(&value->items.back(), depth + 1)) return false;
      Spaces();
    } while (Take(","));
    return Take("]");
  }

  bool Object(Value* value, int depth) {
    *value = Value::Object();
    std::unordered_map<std::string, size_t> places;  // Value::Set would be quadratic
    ++at_;
    Spaces();
    if (Take("}")) return true;
    do {
      Spaces();
      std::string key;
      if (at_ == text_.size() || text_[at_] != '"' || !String(&key)) return false;
      Spaces();
      Value element;
      if (!Take(":") || !Element(&element, depth + 1)) return false;
      const auto [place, fresh] = places.emplace(key, value->keys.size());
      if (fresh) {
        value->keys.push_back(std::move(key));
        value->items.push_back(std::move(element));
      } else {
        value->items[place->second] = std::move(element);
      }
      Spaces();
    } while (Take(","));
    return Take("}");
  }

  bool String(std::string* out) {
    out->clear();
    for (++at_; at_ < text_.size(); ++at_) {
      const char c = text_[at_];
      if (c == '"') {
        ++at_;
        return true;
      }
      if (static_cast<unsigned char>(c) < 0x20) return false;
      if (c != '\\') {
        *out += c;
      } else if (!Escape(out)) {
        return false;
      }
    }
    return false;
  }

  bool Escape(std::string* out) {
    constexpr std::string_view kNames = "\"\\/bfnrt", kChars = "\"\\/\b\f\n\r\t";
    if (++at_ == text_.size()) return false;
    if (const size_t which = kNames.find(text_[at_]); which != kNames.npos) {
      *out += kChars[which];
      return true;
    }
    uint32_t code = 0;
    if (text_[at_] != 'u' || !Hex4(&code)) return false;
    if (code >= 0xD800 && code < 0xDC00 && text_.substr(at_ + 1, 2) == "\\u") {
      at_ += 2;
      uint32_t low = 0;
      if (!Hex4(&low) || low < 0xDC00 || low > 0xDFFF) return false;
      code = 0x10000 + ((code - 0xD800) << 10) + (low - 0xDC00);
    }
    if (code >= 0xD800 && code <= 0xDFFF) return false;
    AppendCodePoint(code, out);
    return true;
  }

  /// Reads four digits after the current character; leaves at_ on the last.
  bool Hex4(uint32_t* code) {
    for (int i = 0; i < 4; ++i) {
      if (++at_ >= text_.size()) return false;
      const char c = ToLower(text_[at_]);
      if (!IsDigit(c) && (c < 'a' || c > 'f')) return false;
      *code = *code * 16 + static_cast<uint32_t>(IsDigit(c) ? c - '0' : c - 'a' + 10);
    }
    return true;
  }

  static void AppendCodePoint(uint32_t code, std::string* out) {
    const auto push = [out](uint32_t byte) { *out += static_cast<char>(byte); };
    if (code < 0x80) {
      push(code);
    } else if (code < 0x800) {
      push(0xC0 | code >> 6);
      push(0x80 | (code & 0x3F));
    } else {
      if (code < 0x10000) {
        push(0xE0 | code >> 12);
      } else {
        push(0xF0 | code >> 18);
        push(0x80 | (code >> 12 & 0x3F));
      }
      push(0x80 | (code >> 6 & 0x3F));
      push(0x80 | (code & 0x3F));
    }
  }

  std::string_view text_;
  size_t at_ = 0;
};

}  // namespace

bool ParseJson(std::string_view text, Value* value) { return Parser(text).All(value); }

}  // namespace quanta::lite
