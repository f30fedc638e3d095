// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>

#include "runtime/kernels/quant/panels.h"

/// A row of activations as products with q8 and q4 weights read it:
///   x[i] ~ scale * (q[i] - zero_point)
/// Asymmetric int8 per row, the range always with 0 in it, as XNNPACK's qd8 defines it
/// (xnn_f32_qd8_asymmetric_quantization_params). A row with a NaN or an infinity gets
/// the scale NaN, which makes all its products NaN; one whose range is too small for a
/// finite factor counts as zeros.
namespace quanta::kernels {

/// The head of a quantized row. Behind it lie at 64 bytes `int8_t q[K32]`, zero from k
/// on, then `int32_t offsets[K32 / 32]`: -8 times the sum of each group's q, which is
/// what is too much if a kernel takes nibbles as q + 8.
struct alignas(64) QuantizedRow {
  float scale;
  int32_t zero_point;
  int32_t sum;  ///< of all q

  static constexpr size_t kHead = 64;
  const int8_t* q() const { return reinterpret_cast<const int8_t*>(this) + kHead; }
  int8_t* q() { return reinterpret_cast<int8_t*>(this) + kHead; }
  const int32_t* offsets(size_t k) const {
    return reinterpret_cast<const int32_t*>(q() + GroupsOf(k) * kGroupColumns);
  }
  int32_t* offsets(size_t k) {
    return reinterpret_cast<int32_t*>(q() + GroupsOf(k) * kGroupColumns);
  }
};
static_assert(sizeof(QuantizedRow) == QuantizedRow::kHead);

/// What maps a row's numbers to q: rint(x * factor) + zero_point, clamped.
struct ActivationRange {
  float factor;
  float scale;  ///< 1 / factor
  int32_t zero_point;
};

/// `low`, `high`: the least and the largest of the row; finite.
ActivationRange ChooseRange(float low, float high);

}  // namespace quanta::kernels
