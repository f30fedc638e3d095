// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace quanta::text {

inline constexpr std::string_view kReplacement = "\xEF\xBF\xBD";  ///< U+FFFD

/// What stands at the start of some bytes.
enum class Utf8Kind : uint8_t {
  kCharacter,   ///< a whole character
  kBroken,      ///< never a character: becomes one U+FFFD
  kUnfinished,  ///< a character whose last bytes are not there yet
};

struct Utf8Step {
  Utf8Kind kind;
  uint8_t bytes;  ///< it takes up; of kBroken the maximal subpart, as Unicode recommends
};

/// Classifies the start of [p, p + n), n > 0.
Utf8Step StepUtf8(const char* p, size_t n);

/// Bytes of `text` before the first that is not UTF-8; its size if there is none.
size_t ValidUtf8Prefix(std::string_view text);

inline bool IsUtf8(std::string_view text) { return ValidUtf8Prefix(text) == text.size(); }

/// The character at `p` in valid UTF-8, and how many bytes it takes.
struct CodePoint {
  uint32_t value;
  uint8_t bytes;
};

inline CodePoint DecodeUtf8(const char* p) {
  const auto at = [p](int i) { return static_cast<uint32_t>(static_cast<uint8_t>(p[i])); };
  const uint32_t lead = at(0);
  if (lead < 0x80) return {lead, 1};
  if (lead < 0xE0) return {(lead & 0x1F) << 6 | (at(1) & 0x3F), 2};
  if (lead < 0xF0) return {(lead & 0x0F) << 12 | (at(1) & 0x3F) << 6 | (at(2) & 0x3F), 3};
  return {(lead & 0x07) << 18 | (at(1) & 0x3F) << 12 | (at(2) & 0x3F) << 6 | (at(3) & 0x3F), 4};
}

/// Start of the character that ends before `end` in valid UTF-8 that begins at `begin`.
inline const char* PreviousUtf8(const char* begin, const char* end) {
  do {
    --end;
  } while (end > begin && (static_cast<uint8_t>(*end) & 0xC0) == 0x80);
  return end;
}

/// Writes `code_point` to `out` (room for 4); returns the bytes written.
size_t EncodeUtf8(uint32_t code_point, char* out);

}  // namespace quanta::text
