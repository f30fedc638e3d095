// SPDX-License-Identifier: MIT
#include "converter/chat/jinja/lexer.h"

#include <algorithm>
#include <cctype>
#include <charconv>

#include "converter/chat/chat_error.h"
#include "converter/chat/tags.h"
#include "runtime/text/utf8.h"

namespace quanta::converter::jinja {
namespace {

bool IsDigit(char c) { return c >= '0' && c <= '9'; }
bool IsNameStart(char c) { return std::isalpha(static_cast<unsigned char>(c)) != 0 || c == '_'; }

[[noreturn]] void Corrupt(const std::string& what) {
  throw ChatError(Code::kCorrupt, "the chat template has " + what);
}

void AppendUtf8(uint32_t point, std::string* out) {
  if (point > 0x10FFFF || (point >= 0xD800 && point < 0xE000)) {
    Corrupt("an escape that is no character");
  }
  char bytes[4];
  out->append(bytes, text::EncodeUtf8(point, bytes));
}

/// Python's escapes in a string literal.
std::string Unescaped(std::string_view body) {
  std::string out;
  const auto number = [&](size_t* at, size_t digits, int base) {
    uint32_t point = 0;
    const char* from = body.data() + *at;
    const size_t length = std::min(digits, body.size() - *at);
    const auto end = std::from_chars(from, from + length, point, base);
    const auto used = static_cast<size_t>(end.ptr - from);
    if (used == 0 || (base == 16 && used != digits)) Corrupt("a broken escape in a string");
    *at += used;
    AppendUtf8(point, &out);
  };
  for (size_t i = 0; i < body.size();) {
    if (body[i] != '\\' || i + 1 == body.size()) {
      out += body[i++];
      continue;
    }
    const char c = body[i + 1];
    i += 2;
    constexpr std::string_view kLetters = "\\'\"abfnrtv";
    constexpr std::string_view kMeanings = "\\'\"\a\b\f\n\r\t\v";
    if (const size_t at = kLetters.find(c); at != std::string_view::npos) {
      out += kMeanings[at];
    } else if (c == 'x' || c == 'u' || c == 'U') {
      number(&i, c == 'x' ? 2 : c == 'u' ? 4 : 8, 16);
    } else if (c >= '0' && c <= '7') {
      number(&(--i), 3, 8);
    } else if (c == 'N') {
      Unsupported("has a character by its name in a string");
    } else if (c != '\n') {
      out += '\\';
      out += c;
    }
  }
  return out;
}

class Lexer {
 public:
  explicit Lexer(std::string_view code) : code_(code) {}

  std::vector<Token> Run() {
    while (true) {
      while (at_ < code_.size() && std::isspace(static_cast<unsigned char>(code_[at_])) != 0) ++at_;
      if (at_ == code_.size()) break;
      tokens_.push_back(Next());
    }
    tokens_.emplace_back();
    return std::move(tokens_);
  }

 private:
  Token Next() {
    const char c = code_[at_];
    if (c == '\'' || c == '"') return String();
    // After a dot, digits are an index.
    if (IsDigit(c)) return Number();
    if (IsNameStart(c)) return Name();
    return Operator();
  }

  Token String() {
    const size_t end = SkipString(code_, at_);
    const std::string_view body = code_.substr(at_ + 1, end - at_ - 2);
    Token token{Token::Kind::kString, std::string(body), Value::String(Unescaped(body))};
    at_ = end;
    return token;
  }

  Token Number() {
    size_t end = at_;
    while (end < code_.size() && IsDigit(code_[end])) ++end;
    const bool index = !tokens_.empty() && tokens_.back().text == "." &&
                       tokens_.back().kind == Token::Kind::kOperator;
    bool real = false;
    if (!index && end + 1 < code_.size() && code_[end] == '.' && IsDigit(code_[end + 1])) {
      real = true;
      for (++end; end < code_.size() && IsDigit(code_[end]);) ++end;
    }
    if (end < code_.size() && IsNameStart(code_[end])) {
      Unsupported("writes a number in an unusual way");
    }
    Token token{Token::Kind::kNumber, std::string(code_.substr(at_, end - at_)), {}};
    const char* first = token.text.data();
    const char* last = first + token.text.size();
    int64_t integer = 0;
    double number = 0;
    const auto result = real ? std::from_chars(first, last, number, std::chars_format::fixed)
                             : std::from_chars(first, last, integer);
    if (result.ec != std::errc()) Unsupported("has a number that is too large");
    token.value = real ? Value::Float(number) : Value::Int(integer);
    at_ = end;
    return token;
  }

  Token Name() {
    const size_t start = at_;
    while (at_ < code_.size() && (IsNameStart(code_[at_]) || IsDigit(code_[at_]))) ++at_;
    return {Token::Kind::kName, std::string(code_.substr(start, at_ - start)), {}};
  }

  Token Operator() {
    constexpr std::string_view kOperators[] = {"//", "**", "==", "!=", "<=", ">=", "+", "-", "*",
                                               "/",  "%",  "~",  "<",  ">",  "=",  ".", ":", "|",
                                               ",",  "(",  ")",  "[",  "]",  "{",  "}"};
    for (const std::string_view text : kOperators) {
      if (!code_.substr(at_).starts_with(text)) continue;
      at_ += text.size();
      return {Token::Kind::kOperator, std::string(text), {}};
    }
    Corrupt("an unexpected character in a tag: '" + std::string(code_.substr(at_, 1)) + "'");
  }

  std::string_view code_;
  size_t at_ = 0;
  std::vector<Token> tokens_;
};

}  // namespace

std::vector<Token> Tokens(std::string_view code) { return Lexer(code).Run(); }

}  // namespace quanta::converter::jinja
