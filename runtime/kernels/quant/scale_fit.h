// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cstddef>

#include "runtime/kernels/quant/bf16.h"

/// How well a scale fits some weights: what the search for one asks again and again.
namespace quanta::kernels {

/// The q of a scheme, and the scales that it can store.
struct Q8 {
  static constexpr float kLow = -127, kHigh = 127;
  static float Storable(float scale) { return std::max(scale, 0x1p-126f); }
};
struct Q4 {
  static constexpr float kLow = -8, kHigh = 7;
  // A sixteenth is stored, which is to be a normal number.
  static float Storable(float scale) {
    return std::max(Bf16ToFloat(FloatToBf16(scale)), 0x1p-122f);
  }
};

/// Added and taken away again, it rounds to the nearest integer, ties to even, what is of
/// magnitudes below 2^22: from here on a unit is the last bit.
inline constexpr float kRoundingShift = 0x1.8p23f;

template <class Scheme>
float Quantized(float w, float scale) {
  const float clamped = std::min(std::max(w / scale, Scheme::kLow), Scheme::kHigh);
  return (clamped + kRoundingShift) - kRoundingShift;
}

/// What a scale gives: the squared error, and the scale that is best for the same q.
struct Fit {
  float error, refined;
};

/// Of w [count], finite. The same bits in every instruction set.
Fit FitQ4(const float* w, size_t count, float scale);
Fit FitQ8(const float* w, size_t count, float scale);

}  // namespace quanta::kernels
