// SPDX-License-Identifier: MIT
#include "runtime/kernels/quant/quantize.h"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "runtime/kernels/quant/bf16.h"
#include "runtime/kernels/quant/panels.h"
#include "runtime/kernels/quant/scale_fit.h"

namespace quanta::kernels {
namespace {

using FitFunction = Fit (*)(const float* w, size_t count, float scale);

/// From the scale at which nothing is clamped, some steps down, each followed by the
/// scale that fits its q best. 0 if all of w is.
template <class Scheme>
float BestScale(FitFunction fit_of, const float* w, size_t count, int steps, float step) {
  const auto [low, high] = std::minmax_element(w, w + count);
  const float widest = std::max(std::max(*low / Scheme::kLow, *high / Scheme::kHigh), 0.0f);
  if (widest == 0) return 0;
  float best = Scheme::Storable(widest);
  float least = fit_of(w, count, best).error;
  for (int i = 0; i < steps; ++i) {
    const float start = Scheme::Storable(widest * (1 - static_cast<float>(i) * step));
    const Fit fit = fit_of(w, count, start);
    const float refined = Scheme::Storable(fit.refined);
    const float error = fit_of(w, count, refined).error;
    if (fit.error < least) {
      least = fit.error;
      best = start;
    }
    if (error < least) {
      least = error;
      best = refined;
    }
  }
  return best;
}

/// Beyond these nothing better was found, in weights of normal distribution.
constexpr int kQ4Steps = 14;
constexpr float kQ4Step = 0.03f;
constexpr int kQ8Steps = 4;
constexpr float kQ8Step = 0.02f;

}  // namespace

Q4Group QuantizeQ4(const float* w, size_t count) {
  Q4Group group = {};
  const float scale = BestScale<Q4>(FitQ4, w, count, kQ4Steps, kQ4Step);
  group.scale = FloatToBf16(scale == 0 ? 1 : scale);
  for (size_t i = 0; i < count && scale != 0; ++i) {
    group.q[i] = static_cast<int8_t>(Quantized<Q4>(w[i], scale));
  }
  return group;
}

float QuantizeQ8(const float* w, size_t k, int8_t* q) {
  const float scale = BestScale<Q8>(FitQ8, w, k, kQ8Steps, kQ8Step);
  for (size_t i = 0; i < k; ++i) {
    q[i] = scale == 0 ? int8_t{0} : static_cast<int8_t>(Quantized<Q8>(w[i], scale));
  }
  return scale == 0 ? 1 : scale;
}

void QuantizeStrip(Panel panel, const float* w, size_t rows, size_t k, int8_t* scratch,
                   std::byte* strip) {
  std::memset(strip, 0, StripBytes(panel, k));
  for (size_t row = 0; row < rows; ++row, w += k) {
    if (panel == Panel::kQ8) {
      const float scale = QuantizeQ8(w, k, scratch);
      PackQ8Row(scratch, scale, k, row, strip);
      continue;
    }
    for (size_t i = 0; i < k; i += kGroupColumns) {
      const Q4Group group = QuantizeQ4(w + i, std::min(kGroupColumns, k - i));
      PackQ4Group(group.q, group.scale, i / kGroupColumns, row, strip);
    }
  }
}

}  // namespace quanta::kernels
