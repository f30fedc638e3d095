// SPDX-License-Identifier: MIT
//
// Vectors of f32, loads that widen, sums of a fixed order. Included once per
// target: see the guard.
#if defined(QUANTA_KERNELS_SIMD_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef QUANTA_KERNELS_SIMD_INL_H_
#undef QUANTA_KERNELS_SIMD_INL_H_
#else
#define QUANTA_KERNELS_SIMD_INL_H_
#endif

#include <cstddef>
#include <cstdint>

#include "hwy/highway.h"
#include "runtime/kernels/targets.h"

// Arrays of vectors live in registers only if their loops are unrolled.
#ifndef QUANTA_UNROLL
#ifdef __clang__
#define QUANTA_UNROLL _Pragma("clang loop unroll(full)")
#else
#define QUANTA_UNROLL _Pragma("GCC unroll 16")
#endif
#endif

HWY_BEFORE_NAMESPACE();
namespace quanta::kernels::HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;

using F = hn::ScalableTag<float>;
using V = hn::Vec<F>;
constexpr F f;
HWY_INLINE_VAR constexpr size_t kLanes = HWY_LANES(float);

/// Rows of f32 in memory.
struct F32 {
  using T = float;
  static HWY_INLINE V Load(const T* from) { return hn::LoadU(f, from); }
  /// `count` < kLanes elements, then zeros.
  static HWY_INLINE V Load(const T* from, size_t count) { return hn::LoadN(f, from, count); }
};

/// Rows of f16 in memory, widened.
struct F16 {
  using T = uint16_t;
  using Bits = hn::Rebind<uint16_t, F>;
  using Half = hn::Rebind<hwy::float16_t, F>;
  static HWY_INLINE V Load(const T* from) {
    return hn::PromoteTo(f, hn::BitCast(Half(), hn::LoadU(Bits(), from)));
  }
  static HWY_INLINE V Load(const T* from, size_t count) {
    return hn::PromoteTo(f, hn::BitCast(Half(), hn::LoadN(Bits(), from, count)));
  }
};

/// Four lanes: where wider vectors end up when they are summed.
using F4 = hn::FixedTag<float, 4>;
using V4 = hn::Vec<F4>;

#if HWY_MAX_BYTES >= 64
HWY_INLINE hn::Vec<hn::FixedTag<float, 8>> Fold8(V v) {
  const hn::FixedTag<float, 8> half;
  return hn::Add(hn::LowerHalf(half, v), hn::UpperHalf(half, v));
}
#elif HWY_MAX_BYTES >= 32
HWY_INLINE V Fold8(V v) { return v; }
#endif

/// Adds the upper half of a vector to the lower one until four lanes are left.
HWY_INLINE V4 Fold4(V v) {
#if HWY_MAX_BYTES >= 32
  const auto half = Fold8(v);
  return hn::Add(hn::LowerHalf(F4(), half), hn::UpperHalf(F4(), half));
#else
  return v;
#endif
}

/// { sum of a's lanes, of b's, of c's, of d's }; the order of the additions is the
/// same for all four.
HWY_INLINE V4 SumLanes(V a, V b, V c, V d) {
  const F4 f4;
  const V4 a4 = Fold4(a), b4 = Fold4(b), c4 = Fold4(c), d4 = Fold4(d);
  // Lanes 0 + 2 and 1 + 3 of two vectors at once, alternating.
  const V4 ab = hn::Add(hn::InterleaveLower(f4, a4, b4), hn::InterleaveUpper(f4, a4, b4));
  const V4 cd = hn::Add(hn::InterleaveLower(f4, c4, d4), hn::InterleaveUpper(f4, c4, d4));
  const hn::FixedTag<double, 2> pairs;
  const auto ab2 = hn::BitCast(pairs, ab);
  const auto cd2 = hn::BitCast(pairs, cd);
  return hn::Add(hn::BitCast(f4, hn::InterleaveLower(pairs, ab2, cd2)),
                 hn::BitCast(f4, hn::InterleaveUpper(pairs, ab2, cd2)));
}

HWY_INLINE float SumLanes(V v) {
  const V zero = hn::Zero(f);
  return hn::GetLane(SumLanes(v, zero, zero, zero));
}

/// sum over i < count of term(vector of elements i...); absent elements are zero
/// and `term` of zeros must be zero, or mask them itself.
template <class Load, class Term>
HWY_INLINE float SumOver(const typename Load::T* x, size_t count, const Term& term) {
  V sum[4] = {hn::Zero(f), hn::Zero(f), hn::Zero(f), hn::Zero(f)};
  size_t i = 0;
  for (; i + 4 * kLanes <= count; i += 4 * kLanes) {
    QUANTA_UNROLL
    for (size_t c = 0; c < 4; ++c) sum[c] = term(Load::Load(x + i + c * kLanes), sum[c]);
  }
  for (; i + kLanes <= count; i += kLanes) sum[0] = term(Load::Load(x + i), sum[0]);
  if (i < count) sum[0] = term(Load::Load(x + i, count - i), sum[0]);
  return SumLanes(hn::Add(hn::Add(sum[0], sum[1]), hn::Add(sum[2], sum[3])));
}

}  // namespace quanta::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif  // the guard
