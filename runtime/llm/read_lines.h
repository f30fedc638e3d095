// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>

/// Loops that do nothing but read memory, to hold other loops' bandwidth against.
namespace quanta::llm {

inline constexpr size_t kReadLine = 64;

/// Sums `bytes` at `from`, 64-byte aligned: kStreams parts of them side by side (a multiple of
/// kStreams * kReadLine bytes), each fetched kAhead bytes ahead. One core keeps more of several
/// places under way than its own prefetcher does of one, which stops where a page ends.
template <size_t kStreams, size_t kAhead>
uint64_t SumLines(const std::byte* from, size_t bytes) {
  typedef uint64_t Line __attribute__((vector_size(kReadLine), may_alias));
  const size_t part = bytes / kStreams;
  Line sums[2] = {};  // two chains: limited by memory alone
  for (const std::byte* end = from + part; from != end; from += kReadLine) {
    for (size_t s = 0; s < kStreams; ++s) {
      const std::byte* line = from + s * part;
      __builtin_prefetch(line + kAhead);
      sums[s % 2] += *reinterpret_cast<const Line*>(line);
    }
  }
  const Line both = sums[0] + sums[1];
  uint64_t total = 0;
  for (size_t c = 0; c < kReadLine / sizeof(uint64_t); ++c) total += both[c];
  return total;
}

/// Which of the two is faster differs between processors.
inline constexpr size_t kMostReadStreams = 8;
inline constexpr size_t kReadStep = kMostReadStreams * kReadLine;  ///< bytes
inline constexpr auto SumLinesSideBySide = SumLines<kMostReadStreams, 1024>;
inline constexpr auto SumLinesInOrder = SumLines<1, 8192>;

}  // namespace quanta::llm
