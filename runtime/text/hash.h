// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace quanta::text {

/// Up to 16 bytes as two words: equal words and lengths mean equal bytes.
struct ShortWord {
  static constexpr size_t kMaxBytes = 16;
  uint64_t low = 0, high = 0;
  friend bool operator==(const ShortWord&, const ShortWord&) = default;
};

inline ShortWord LoadShortWord(std::string_view word) {
  const char* p = word.data();
  const size_t n = word.size();
  ShortWord out;
  if (n >= 8) {
    std::memcpy(&out.low, p, 8);
    std::memcpy(&out.high, p + n - 8, 8);  // overlaps: the length tells them apart
  } else if (n >= 4) {
    uint32_t first, last;
    std::memcpy(&first, p, 4);
    std::memcpy(&last, p + n - 4, 4);
    out.low = first | uint64_t{last} << 32;
  } else {
    for (size_t i = 0; i < n; ++i) out.low |= uint64_t{static_cast<uint8_t>(p[i])} << (8 * i);
  }
  return out;
}

/// Spreads the bits of `x` over the whole result.
inline uint64_t MixBits(uint64_t x) {
  x *= 0x9E3779B97F4A7C15u;
  x ^= x >> 32;
  x *= 0xD6E8FEB86659FD93u;
  return x ^ (x >> 32);
}

inline uint64_t HashShortWord(const ShortWord& word, uint64_t length) {
  return MixBits(word.low ^ MixBits(word.high + length));
}

inline uint64_t HashBytes(std::string_view bytes) {
  uint64_t hash = bytes.size();
  while (bytes.size() > ShortWord::kMaxBytes) {
    hash = HashShortWord(LoadShortWord(bytes.substr(0, ShortWord::kMaxBytes)), hash);
    bytes.remove_prefix(ShortWord::kMaxBytes);
  }
  return HashShortWord(LoadShortWord(bytes), hash);
}

}  // namespace quanta::text
