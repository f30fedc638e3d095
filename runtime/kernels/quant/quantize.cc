// SPDX-License-Identifier: MIT
#include "runtime/kernels/quant/quantize.h"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "runtime/kernels/quant/bf16.h"
#include "runtime/kernels/quant/panels.h"

namespace quanta::kernels {
namespace {

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

/// To the nearest integer, ties to even, of magnitudes below 2^22.
float RoundHalfEven(float x) {
  constexpr float kShift = 0x1.8p23f;  // from here on a unit is the last bit
  return (x + kShift) - kShift;
}

template <class Scheme>
float Quantized(float w, float scale) {
  return RoundHalfEven(std::min(std::max(w / scale, Scheme::kLow), Scheme::kHigh));
}

/// What a scale gives: the squared error, and the scale that is best for the same q.
struct Fit {
  float error, refined;
};

// Sums side by side, so that compilers use vectors.
constexpr size_t kLanes = 8;

float Total(const float (&lanes)[kLanes]) {
  float sum = 0;
  for (const float lane : lanes) sum += lane;
  return sum;
}

template <class Scheme>
Fit Try(const float* w, size_t count, float scale) {
  float error[kLanes] = {}, wq[kLanes] = {}, qq[kLanes] = {};
  const auto add = [&](float x, size_t lane) {
    const float q = Quantized<Scheme>(x, scale);
    const float lost = x - q * scale;
    error[lane] += lost * lost;
    wq[lane] += x * q;
    qq[lane] += q * q;
  };
  size_t i = 0;
  for (; i + kLanes <= count; i += kLanes) {
    for (size_t lane = 0; lane < kLanes; ++lane) add(w[i + lane], lane);
  }
  for (; i < count; ++i) add(w[i], 0);
  const float squares = Total(qq);
  return {Total(error), squares > 0 ? Total(wq) / squares : scale};
}

/// From the scale at which nothing is clamped, some steps down, each followed by the
/// scale that fits its q best. 0 if all of w is.
template <class Scheme>
float BestScale(const float* w, size_t count, int steps, float step) {
  const auto [low, high] = std::minmax_element(w, w + count);
  const float widest = std::max(std::max(*low / Scheme::kLow, *high / Scheme::kHigh), 0.0f);
  if (widest == 0) return 0;
  float best = Scheme::Storable(widest);
  float least = Try<Scheme>(w, count, best).error;
  for (int i = 0; i < steps; ++i) {
    const float start = Scheme::Storable(widest * (1 - static_cast<float>(i) * step));
    const Fit fit = Try<Scheme>(w, count, start);
    const float refined = Scheme::Storable(fit.refined);
    const float error = Try<Scheme>(w, count, refined).error;
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
  const float scale = BestScale<Q4>(w, count, kQ4Steps, kQ4Step);
  group.scale = FloatToBf16(scale == 0 ? 1 : scale);
  for (size_t i = 0; i < count && scale != 0; ++i) {
    group.q[i] = static_cast<int8_t>(Quantized<Q4>(w[i], scale));
  }
  return group;
}

float QuantizeQ8(const float* w, size_t k, int8_t* q) {
  const float scale = BestScale<Q8>(w, k, kQ8Steps, kQ8Step);
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
