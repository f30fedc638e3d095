// SPDX-License-Identifier: MIT
#include "train_host/optimizer/schedule.h"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace quanta::train {

double Schedule::At(uint64_t step) const {
  if (step <= warmup) return peak * static_cast<double>(step) / static_cast<double>(warmup);
  if (decline == Decline::kConstant || steps <= warmup) return peak;
  const double done =
      std::min(1.0, static_cast<double>(step - warmup) / static_cast<double>(steps - warmup));
  const double share =
      decline == Decline::kLinear ? 1 - done : (1 + std::cos(std::numbers::pi * done)) / 2;
  return floor + (peak - floor) * share;
}

}  // namespace quanta::train
