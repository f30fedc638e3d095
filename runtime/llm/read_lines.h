// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>

/// The plainest loop over memory, to hold other loops' bandwidth against.
namespace quanta::llm {

/// How many places are read side by side: one core keeps more of them under way than the
/// prefetcher of one does, which stops where a page ends.
inline constexpr size_t kReadStreams = 4;
inline constexpr size_t kReadLine = 64;
inline constexpr size_t kReadStep = kReadStreams * kReadLine;  ///< bytes

/// Sums `bytes` (a multiple of kReadStep) at `from`, 64-byte aligned.
inline uint64_t SumLines(const std::byte* from, size_t bytes) {
  typedef uint64_t Line __attribute__((vector_size(kReadLine), may_alias));
  const size_t lines = bytes / kReadStep;
  const auto* line = reinterpret_cast<const Line*>(from);
  Line a = {}, b = {};  // two chains: limited by memory alone
  for (size_t i = 0; i < lines; ++i) {
    a += line[i];
    b += line[lines + i];
    a += line[2 * lines + i];
    b += line[3 * lines + i];
  }
  a += b;
  uint64_t total = 0;
  for (size_t c = 0; c < kReadLine / sizeof(uint64_t); ++c) total += a[c];
  return total;
}

}  // namespace quanta::llm
