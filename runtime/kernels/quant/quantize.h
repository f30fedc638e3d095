// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>

#include "runtime/kernels/kernels.h"

/// How numbers become q8 and q4: the one definition, called by everything that makes
/// weights. The same bits on every platform.
namespace quanta::kernels {

/// A group of up to 32 weights as q4.
struct Q4Group {
  uint16_t scale;  ///< bfloat16, positive, at least 2^-122
  int8_t q[32];    ///< in [-8, 7]; 0 beyond the weights
};

/// w ~ scale * q with q = w / scale rounded half to even and clamped; the scale is
/// searched for the least sum of squared errors. Zeros have scale 1. `w` [count] is
/// finite, of magnitudes below 2^100, 1 <= count <= 32.
Q4Group QuantizeQ4(const float* w, size_t count);

/// Likewise a row as q8: `q` [k], each in [-127, 127]; returns the scale, at least 2^-126.
float QuantizeQ8(const float* w, size_t k, int8_t* q);

/// Quantizes `rows` (1 to 16) rows of w [rows, k] and packs them into one strip of
/// StripBytes(panel, k). `scratch`: [k], for q8 only. Panel kQ8 or kQ4.
void QuantizeStrip(Panel panel, const float* w, size_t rows, size_t k, int8_t* scratch,
                   std::byte* strip);

}  // namespace quanta::kernels
