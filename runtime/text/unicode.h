// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <cstdint>

#include "runtime/text/utf8.h"

namespace quanta::text {

/// The classes that pre-tokenizer patterns tell apart.
enum class CharClass : uint8_t {
  kLetter,   ///< \p{L}
  kNumber,   ///< \p{N}: decimal digits, but also Roman numerals, fractions, superscripts
  kSpace,    ///< \s but for the newlines
  kNewline,  ///< \r, \n
  kOther,    ///< the rest: punctuation, symbols, and the combining marks
};

CharClass ClassOf(uint32_t code_point);

/// Numbers as Rust's char::is_numeric has them: a little more than \p{N}.
bool IsNumeric(uint32_t code_point);
/// \w of Rust's regex crate.
bool IsWord(uint32_t code_point);
bool IsSpace(uint32_t code_point);  ///< White_Space

namespace internal {
constexpr CharClass AsciiClass(uint32_t c) {
  if ((c | 0x20) >= 'a' && (c | 0x20) <= 'z') return CharClass::kLetter;
  if (c >= '0' && c <= '9') return CharClass::kNumber;
  if (c == '\n' || c == '\r') return CharClass::kNewline;
  if (c == ' ' || (c >= '\t' && c <= '\r')) return CharClass::kSpace;
  return CharClass::kOther;
}
inline constexpr auto kAsciiClasses = [] {
  std::array<CharClass, 128> classes{};
  for (uint32_t c = 0; c < 128; ++c) classes[c] = AsciiClass(c);
  return classes;
}();
}  // namespace internal

/// The class of the character at `p` in valid UTF-8, and where the next one starts.
struct ClassifiedChar {
  CharClass kind;
  const char* next;
};

inline ClassifiedChar ReadChar(const char* p) {
  const auto lead = static_cast<uint8_t>(*p);
  if (lead < 0x80) return {internal::kAsciiClasses[lead], p + 1};
  const CodePoint c = DecodeUtf8(p);
  return {ClassOf(c.value), p + c.bytes};
}

}  // namespace quanta::text
