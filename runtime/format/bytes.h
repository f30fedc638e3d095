// SPDX-License-Identifier: MIT
#pragma once

#include <bit>
#include <cstdint>
#include <cstring>
#include <span>

#include "quanta/status.h"

/// Small helpers of this folder.
namespace quanta::format {

static_assert(std::endian::native == std::endian::little,
              "spans point into little-endian files: a big-endian port needs copies");

/// The T at `offset`, which must lie within `bytes`; any alignment.
template <class T>
T Load(std::span<const std::byte> bytes, size_t offset) {
  QUANTA_DCHECK(offset <= bytes.size() && sizeof(T) <= bytes.size() - offset);
  T value;
  std::memcpy(&value, bytes.data() + offset, sizeof(T));
  return value;
}

constexpr uint64_t RoundUp(uint64_t value, uint64_t multiple) {
  return (value + multiple - 1) / multiple * multiple;
}

inline bool AllZero(std::span<const std::byte> bytes) {
  for (const std::byte b : bytes) {
    if (b != std::byte{0}) return false;
  }
  return true;
}

inline bool StartsWith(std::span<const std::byte> bytes, const char* magic, size_t size) {
  return bytes.size() >= size && std::memcmp(bytes.data(), magic, size) == 0;
}

/// kCorrupt with the particulars in `detail`.
[[gnu::format(printf, 2, 3)]] Status Corrupt(ErrorDetail* detail, const char* format, ...);

/// Strict UTF-8: no surrogates, no overlong forms, nothing above U+10FFFF.
bool IsUtf8(std::span<const std::byte> text);

}  // namespace quanta::format
