// SPDX-License-Identifier: MIT
#include "runtime/kernels/quant/activations.h"

#include <algorithm>
#include <cmath>

namespace quanta::kernels {

ActivationRange ChooseRange(float low, float high) {
  constexpr float kLeast = -128, kMost = 127;
  low = std::min(low, 0.0f);
  high = std::max(high, 0.0f);
  float factor = low == high ? 1.0f : (kMost - kLeast) / (high - low);
  if (!std::isfinite(factor)) {
    low = high = 0;
    factor = 1;
  }
  const float from_low = low * factor;
  const float from_high = high * factor;
  // Of the two ends, the one that loses less.
  const bool low_end = (kLeast + from_low) + (kMost + from_high) > 0;
  const float exact = low_end ? kLeast - from_low : kMost - from_high;
  const float zero_point = std::nearbyint(std::min(std::max(exact, kLeast), kMost));
  return {factor, 1.0f / factor, static_cast<int32_t>(zero_point)};
}

}  // namespace quanta::kernels
