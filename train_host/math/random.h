// SPDX-License-Identifier: MIT
#pragma once

#include <cmath>
#include <cstdint>
#include <numbers>

/// Random numbers without state: a number is a function of a seed and of what it is for, so a
/// run that goes on after a stop draws what it would have drawn.
namespace quanta::train {

/// A bijection of 64 bits whose outputs look random. Source: Steele et al. 2014 (SplitMix64).
constexpr uint64_t Mix(uint64_t x) {
  x += 0x9E3779B97F4A7C15u;
  x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9u;
  x = (x ^ (x >> 27)) * 0x94D049BB133111EBu;
  return x ^ (x >> 31);
}

/// A seed for a purpose: Seed(seed, layer, step) ...
constexpr uint64_t Seed(uint64_t seed, uint64_t purpose) { return Mix(seed ^ Mix(purpose)); }

/// The `index`th number of the sequence of a seed.
constexpr uint64_t Bits(uint64_t seed, uint64_t index) { return Mix(seed + Mix(index)); }

/// In [0, 1).
constexpr double Uniform(uint64_t seed, uint64_t index) {
  return static_cast<double>(Bits(seed, index) >> 11) * 0x1p-53;
}

/// Of the normal distribution. Source: Box & Muller 1958.
inline double Normal(uint64_t seed, uint64_t index) {
  const double u = 1 - Uniform(seed, 2 * index);  // not 0
  return std::sqrt(-2 * std::log(u)) *
         std::cos(2 * std::numbers::pi * Uniform(seed, 2 * index + 1));
}

/// In [0, bound), bound > 0; the bias is below 2^-32 for bounds below 2^32.
constexpr uint64_t Below(uint64_t seed, uint64_t index, uint64_t bound) {
  return static_cast<uint64_t>((static_cast<unsigned __int128>(Bits(seed, index)) * bound) >> 64);
}

}  // namespace quanta::train
