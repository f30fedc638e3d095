// SPDX-License-Identifier: MIT
#include "runtime/kernels/quant/scale_fit.h"

#include "runtime/kernels/targets.h"
// Highway compiles the rest once per target:
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "runtime/kernels/quant/scale_fit.cc"
#include "hwy/foreach_target.h"
#include "runtime/kernels/simd-inl.h"

HWY_BEFORE_NAMESPACE();
namespace quanta::kernels::HWY_NAMESPACE {
namespace {

/// Sums side by side: as many in every target, so that the bits are the same.
constexpr size_t kSums = 8;
using Tag = hn::CappedTag<float, kSums>;
using Part = hn::Vec<Tag>;
constexpr size_t kPartLanes = HWY_MIN(kSums, kLanes);
constexpr size_t kParts = kSums / kPartLanes;

struct Sums {
  Part part[kParts];

  HWY_INLINE Sums() {
    QUANTA_UNROLL
    for (size_t p = 0; p < kParts; ++p) part[p] = hn::Zero(Tag());
  }
  HWY_INLINE void Add(size_t p, Part x) { part[p] = hn::Add(part[p], x); }
  HWY_INLINE void Store(float (&lanes)[kSums]) const {
    QUANTA_UNROLL
    for (size_t p = 0; p < kParts; ++p) hn::StoreU(part[p], Tag(), lanes + p * kPartLanes);
  }
};

HWY_INLINE float Total(const float (&lanes)[kSums]) {
  float sum = 0;
  for (const float lane : lanes) sum += lane;
  return sum;
}

template <class Scheme>
HWY_INLINE Fit FitOf(const float* w, size_t count, float scale) {
  const Tag d;
  const Part divisor = hn::Set(d, scale);
  const Part low = hn::Set(d, Scheme::kLow), high = hn::Set(d, Scheme::kHigh);
  const Part shift = hn::Set(d, kRoundingShift);
  Sums errors, products, squares;
  size_t i = 0;
  for (; i + kSums <= count; i += kSums) {
    QUANTA_UNROLL
    for (size_t p = 0; p < kParts; ++p) {
      const Part x = hn::LoadU(d, w + i + p * kPartLanes);
      const Part clamped = hn::Min(hn::Max(hn::Div(x, divisor), low), high);
      const Part q = hn::Sub(hn::Add(clamped, shift), shift);
      const Part lost = hn::Sub(x, hn::Mul(q, divisor));
      errors.Add(p, hn::Mul(lost, lost));
      products.Add(p, hn::Mul(x, q));
      squares.Add(p, hn::Mul(q, q));
    }
  }
  float error[kSums], wq[kSums], qq[kSums];
  errors.Store(error);
  products.Store(wq);
  squares.Store(qq);
  for (; i < count; ++i) {
    const float q = Quantized<Scheme>(w[i], scale);
    const float lost = w[i] - q * scale;
    error[0] += lost * lost;
    wq[0] += w[i] * q;
    qq[0] += q * q;
  }
  const float all = Total(qq);
  return {Total(error), all > 0 ? Total(wq) / all : scale};
}

Fit FitQ4(const float* w, size_t count, float scale) { return FitOf<Q4>(w, count, scale); }
Fit FitQ8(const float* w, size_t count, float scale) { return FitOf<Q8>(w, count, scale); }

}  // namespace
}  // namespace quanta::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace quanta::kernels {
HWY_EXPORT(FitQ4);
HWY_EXPORT(FitQ8);
Fit FitQ4(const float* w, size_t count, float scale) {
  return HWY_DYNAMIC_DISPATCH(FitQ4)(w, count, scale);
}
Fit FitQ8(const float* w, size_t count, float scale) {
  return HWY_DYNAMIC_DISPATCH(FitQ8)(w, count, scale);
}
}  // namespace quanta::kernels
#endif
