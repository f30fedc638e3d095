// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>

namespace quanta::fuzz {

/// SplitMix64 (Steele, Lea & Flood 2014): any seed will do.
class Random {
 public:
  explicit Random(uint64_t seed) : state_(seed) {}
  uint64_t Next();
  /// In [0, bound); 0 if bound is 0.
  size_t Below(size_t bound);
  bool OneIn(size_t n) { return Below(n) == 0; }

 private:
  uint64_t state_;
};

/// Applies a few random changes to [data, size): flipped bits, set bytes, numbers at
/// their extremes (binary at aligned places, decimal in text), blocks copied, removed
/// and inserted, the end cut off. Returns the new size, at most `max_size`.
size_t Mutate(uint8_t* data, size_t size, size_t max_size, Random& random);

}  // namespace quanta::fuzz
