// SPDX-License-Identifier: MIT
#include "tests/fuzz/mutate.h"

#include <algorithm>
#include <cstring>
#include <iterator>
#include <string_view>

namespace quanta::fuzz {

uint64_t Random::Next() {
  uint64_t z = state_ += 0x9E3779B97F4A7C15;
  z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
  z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
  return z ^ (z >> 31);
}

size_t Random::Below(size_t bound) { return bound == 0 ? 0 : static_cast<size_t>(Next() % bound); }

namespace {

struct Text {
  uint8_t* data;
  size_t size;
  size_t max_size;
};

/// Longest block that is copied, removed or inserted, in most cases.
size_t BlockSize(size_t most, Random& random) {
  return random.Below(std::min<size_t>(most, random.OneIn(8) ? most : 64)) + 1;
}

void FlipBit(Text& text, Random& random) {
  text.data[random.Below(text.size)] ^= static_cast<uint8_t>(1u << random.Below(8));
}

void SetByte(Text& text, Random& random) {
  static constexpr uint8_t kBytes[] = {0, 1, 0x7F, 0x80, 0xFF, ' ', '"', '{', '[', '0', '-', '\\'};
  text.data[random.Below(text.size)] = random.OneIn(2) ? kBytes[random.Below(std::size(kBytes))]
                                                       : static_cast<uint8_t>(random.Next());
}

/// A number where one may lie, 1 to 8 bytes, set to an extreme or moved a little.
void SetNumber(Text& text, Random& random) {
  const size_t bytes = size_t{1} << random.Below(4);
  if (text.size < bytes) return;
  const size_t at = random.Below(text.size / bytes) * bytes;
  uint64_t value = 0;
  std::memcpy(&value, text.data + at, bytes);
  const uint64_t extremes[] = {0,
                               1,
                               ~uint64_t{0},
                               uint64_t{1} << (8 * bytes - 1),
                               (uint64_t{1} << (8 * bytes - 1)) - 1,
                               text.size,
                               random.Next() >> random.Below(64),
                               0x7F800000,  // infinity
                               0x7FC00000,  // not a number
                               value + 1,
                               value - 1,
                               value * 2,
                               value + 64,
                               value - 64};
  value = extremes[random.Below(std::size(extremes))];
  std::memcpy(text.data + at, &value, bytes);
}

void CopyBlock(Text& text, Random& random) {
  const size_t bytes = BlockSize(text.size, random);
  const size_t from = random.Below(text.size - bytes + 1);
  const size_t to = random.Below(text.size - bytes + 1);
  std::memmove(text.data + to, text.data + from, bytes);
}

void Erase(Text& text, Random& random) {
  const size_t bytes = BlockSize(text.size, random);
  const size_t at = random.Below(text.size - bytes + 1);
  std::memmove(text.data + at, text.data + at + bytes, text.size - at - bytes);
  text.size -= bytes;
}

/// Opens a gap of `bytes` at `at`; whether there is room.
bool OpenGap(Text& text, size_t at, size_t bytes) {
  if (bytes > text.max_size - text.size) return false;
  std::memmove(text.data + at + bytes, text.data + at, text.size - at);
  text.size += bytes;
  return true;
}

void Insert(Text& text, Random& random) {
  const size_t bytes = BlockSize(std::max<size_t>(text.size, 1), random);
  const size_t at = random.Below(text.size + 1);
  if (!OpenGap(text, at, bytes)) return;
  const size_t from = random.Below(text.size - bytes + 1);
  const bool copy = random.OneIn(2);
  for (size_t i = 0; i < bytes; ++i) {
    text.data[at + i] = copy ? text.data[from + i] : static_cast<uint8_t>(random.Next());
  }
}

void Truncate(Text& text, Random& random) { text.size = random.Below(text.size + 1); }

bool IsDigit(uint8_t c) { return c >= '0' && c <= '9'; }

/// A decimal number of a text (JSON, say) becomes another one.
void SetDecimal(Text& text, Random& random) {
  static constexpr std::string_view kNumbers[] = {"0",          "-1",
                                                  "1",          "4294967295",
                                                  "4294967296", "9223372036854775807",
                                                  "1e99",       "-0.5",
                                                  "1e-99",      "18446744073709551616",
                                                  "[]",         "null",
                                                  "\"\"",       "{}",
                                                  "true",       "1000000"};
  size_t begin = random.Below(text.size);
  while (begin < text.size && !IsDigit(text.data[begin])) ++begin;
  size_t end = begin;
  while (end < text.size && IsDigit(text.data[end])) ++end;
  if (begin == end) return;
  const std::string_view number = kNumbers[random.Below(std::size(kNumbers))];
  if (text.size - (end - begin) + number.size() > text.max_size) return;
  std::memmove(text.data + begin + number.size(), text.data + end, text.size - end);
  std::memcpy(text.data + begin, number.data(), number.size());
  text.size = text.size - (end - begin) + number.size();
}

}  // namespace

size_t Mutate(uint8_t* data, size_t size, size_t max_size, Random& random) {
  using Change = void (*)(Text&, Random&);
  // Repeated: what keeps the rest of the file in place gets further.
  static constexpr Change kChanges[] = {FlipBit,    FlipBit,   FlipBit,   SetByte,   SetByte,
                                        SetNumber,  SetNumber, SetNumber, CopyBlock, SetDecimal,
                                        SetDecimal, Erase,     Insert,    Truncate};
  Text text{data, size, max_size};
  do {
    const Change change = kChanges[random.Below(std::size(kChanges))];
    if (text.size == 0) {
      Insert(text, random);
    } else if (change != Truncate || random.OneIn(4)) {
      change(text, random);
    }
  } while (random.OneIn(2));
  return text.size;
}

}  // namespace quanta::fuzz
