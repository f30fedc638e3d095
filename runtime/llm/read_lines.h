// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>

/// The plainest loop over memory, to hold other loops' bandwidth against.
namespace quanta::llm {

inline constexpr size_t kReadStep = 256;  ///< bytes; what is read is a multiple

/// Sums `lines` lines of 64 bytes (a multiple of 4) at `from`, 64-byte aligned, with enough
/// chains to be limited by memory alone.
inline uint64_t SumLines(const std::byte* from, size_t lines) {
  typedef uint64_t Line __attribute__((vector_size(64), may_alias));
  const auto* line = reinterpret_cast<const Line*>(from);
  Line a = {}, b = {};
  for (size_t i = 0; i < lines; i += 4) {
    a += line[i];
    b += line[i + 1];
    a += line[i + 2];
    b += line[i + 3];
  }
  a += b;
  uint64_t total = 0;
  for (size_t c = 0; c < 8; ++c) total += a[c];
  return total;
}

}  // namespace quanta::llm
