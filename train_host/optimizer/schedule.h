// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>

namespace quanta::train {

enum class Decline : uint8_t { kConstant, kLinear, kCosine };

/// The learning rate of each step: from 0 up in a line over `warmup` steps, then from `peak`
/// down to `floor` at the last of `steps`. Source: Loshchilov & Hutter 2017 (cosine).
struct Schedule {
  Decline decline = Decline::kCosine;
  double peak = 1e-3, floor = 1e-4;
  uint64_t warmup = 100, steps = 1000;

  double At(uint64_t step) const;  ///< of step 1, 2 ...
};

}  // namespace quanta::train
