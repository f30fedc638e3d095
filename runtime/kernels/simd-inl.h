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

#include "runtime/kernels/targets.h"
// Highway, told its targets:
#include "hwy/highway.h"

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
constexpr F kF;
constexpr size_t kLanes = HWY_LANES(float);

/// Rows of f32 in memory.
struct F32 {
  using T = float;
  static HWY_INLINE V Load(const T* from) { return hn::LoadU(kF, from); }
  /// `count` < kLanes elements, then zeros.
  static HWY_INLINE V Load(const T* from, size_t count) { return hn::LoadN(kF, from, count); }
  static HWY_INLINE void Store(V v, T* to) { hn::StoreU(v, kF, to); }
  static HWY_INLINE void Store(V v, T* to, size_t count) { hn::StoreN(v, kF, to, count); }
};

using HalfBits = hn::Rebind<uint16_t, F>;
using Half = hn::Rebind<hwy::float16_t, F>;

#if HWY_TARGET == HWY_SSE2 || HWY_ARCH_WASM
/// No instruction for it, and Highway's way is not for infinities and NaNs.
HWY_INLINE V Widen(hn::Vec<HalfBits> halves) {
  const hn::RebindToSigned<F> i32;
  const hn::Rebind<int16_t, F> i16;
  const auto wide = hn::ShiftLeft<13>(hn::PromoteTo(i32, hn::BitCast(i16, halves)));
  // Sign and magnitude in place, but the exponent is short of 112, which a product
  // with 2^112 mends for subnormal halves, too.
  const auto bits = hn::And(wide, hn::Set(i32, static_cast<int32_t>(0x8FFFFFFF)));
  const V value = hn::Mul(hn::BitCast(kF, bits), hn::Set(kF, 0x1p112f));
  const auto special = hn::Gt(hn::Abs(value), hn::Set(kF, 65504.0f));
  return hn::Or(value, hn::IfThenElseZero(special, hn::Inf(kF)));
}
#else
HWY_INLINE V Widen(hn::Vec<HalfBits> halves) {
  return hn::PromoteTo(kF, hn::BitCast(Half(), halves));
}
#endif

/// Rows of f16 in memory, widened.
struct F16 {
  using T = uint16_t;
  static HWY_INLINE V Load(const T* from) { return Widen(hn::LoadU(HalfBits(), from)); }
  static HWY_INLINE V Load(const T* from, size_t count) {
    return Widen(hn::LoadN(HalfBits(), from, count));
  }
};

/// Four lanes: where wider vectors end up when they are summed.
using F4 = hn::FixedTag<float, 4>;
using V4 = hn::Vec<F4>;

/// Of vectors that are folded, and the terms of SumOver for a plain sum.
struct Plus {
  template <class Vector>
  HWY_INLINE Vector operator()(Vector x, Vector sum) const {
    return hn::Add(sum, x);
  }
};

/// Combines the upper half of a vector of f32 or int32 with the lower one until four lanes are
/// left.
template <class Vector, class Fold = Plus, class T = hn::TFromV<Vector>>
HWY_INLINE hn::Vec<hn::FixedTag<T, 4>> Fold4(Vector v, const Fold& fold = Fold()) {
#if HWY_MAX_BYTES >= 64
  const hn::FixedTag<T, 8> half;
  const auto eight = fold(hn::LowerHalf(half, v), hn::UpperHalf(half, v));
#elif HWY_MAX_BYTES >= 32
  const auto eight = v;
#endif
#if HWY_MAX_BYTES >= 32
  const hn::FixedTag<T, 4> quarter;
  return fold(hn::LowerHalf(quarter, eight), hn::UpperHalf(quarter, eight));
#else
  (void)fold;
  return v;
#endif
}

/// Of every block of four lanes: { sum of a's, of b's, of c's, of d's }; the order of the additions
/// is the same for all four. With another `fold`, what that makes of them.
template <class D, class Fold = Plus, class Vector = hn::Vec<D>>
HWY_INLINE Vector SumFours(D d, Vector a4, Vector b4, Vector c4, Vector d4,
                           const Fold& fold = Fold()) {
  // Lanes 0 + 2 and 1 + 3 of two vectors at once, alternating.
  const Vector ab = fold(hn::InterleaveLower(d, a4, b4), hn::InterleaveUpper(d, a4, b4));
  const Vector cd = fold(hn::InterleaveLower(d, c4, d4), hn::InterleaveUpper(d, c4, d4));
  const hn::RepartitionToWide<D> pairs;
  const auto ab2 = hn::BitCast(pairs, ab);
  const auto cd2 = hn::BitCast(pairs, cd);
  return fold(hn::BitCast(d, hn::InterleaveLower(pairs, ab2, cd2)),
              hn::BitCast(d, hn::InterleaveUpper(pairs, ab2, cd2)));
}

/// { what `fold` makes of a's lanes, of b's, of c's, of d's }.
template <class Fold>
HWY_INLINE V4 FoldLanes(const Fold& fold, V a, V b, V c, V d) {
  return SumFours(F4(), Fold4(a, fold), Fold4(b, fold), Fold4(c, fold), Fold4(d, fold), fold);
}
HWY_INLINE V4 SumLanes(V a, V b, V c, V d) { return FoldLanes(Plus(), a, b, c, d); }

#if HWY_MAX_BYTES >= 64
/// Fold4 of up to four rows side by side.
template <size_t kRows>
HWY_INLINE V FoldRows(const V (&rows)[kRows][4], size_t c) {
  const auto row = [&](size_t r) HWY_ATTR { return rows[HWY_MIN(r, kRows - 1)][c]; };
  // Blocks { a, a, c, c } and { b, b, d, d }, then { a, b, c, d }.
  const V ac =
      hn::Add(hn::ConcatLowerLower(kF, row(2), row(0)), hn::ConcatUpperUpper(kF, row(2), row(0)));
  const V bd =
      hn::Add(hn::ConcatLowerLower(kF, row(3), row(1)), hn::ConcatUpperUpper(kF, row(3), row(1)));
  return hn::Add(hn::OddEvenBlocks(hn::SwapAdjacentBlocks(bd), ac),
                 hn::OddEvenBlocks(bd, hn::SwapAdjacentBlocks(ac)));
}
#elif HWY_MAX_BYTES >= 32
/// Fold4 of up to two rows side by side.
template <size_t kRows>
HWY_INLINE V FoldRows(const V (&rows)[kRows][4], size_t c) {
  const V a = rows[0][c], b = rows[kRows - 1][c];
  return hn::Add(hn::ConcatLowerLower(kF, b, a), hn::ConcatUpperUpper(kF, b, a));
}
#endif

/// sum[r] = SumLanes(rows[r][0], rows[r][1], rows[r][2], rows[r][3]), to the bit. Rows that fit
/// into a vector side by side are folded together.
template <size_t kRows>
HWY_INLINE void SumRows(const V (&rows)[kRows][4], V4 (&sum)[kRows]) {
#if HWY_MAX_BYTES >= 64
  constexpr size_t kSideBySide = 4, kWorthwhile = 3;
#elif HWY_MAX_BYTES >= 32
  constexpr size_t kSideBySide = 2, kWorthwhile = 2;
#else
  constexpr size_t kSideBySide = 1, kWorthwhile = kRows + 1;
#endif
  if constexpr (kRows < kWorthwhile || kRows > kSideBySide) {
    QUANTA_UNROLL
    for (size_t r = 0; r < kRows; ++r) {
      sum[r] = SumLanes(rows[r][0], rows[r][1], rows[r][2], rows[r][3]);
    }
  } else {
    V folded[4];  // four lanes of each row
    QUANTA_UNROLL
    for (size_t c = 0; c < 4; ++c) folded[c] = FoldRows(rows, c);
    const V four = SumFours(kF, folded[0], folded[1], folded[2], folded[3]);
    sum[0] = hn::ExtractBlock<0>(four);
    if constexpr (kRows > 1) sum[1] = hn::ExtractBlock<1>(four);
    if constexpr (kRows > 2) sum[2] = hn::ExtractBlock<2>(four);
    if constexpr (kRows > 3) sum[3] = hn::ExtractBlock<3>(four);
  }
}

HWY_INLINE float SumLanes(V v) {
  const V zero = hn::Zero(kF);
  return hn::GetLane(SumLanes(v, zero, zero, zero));
}

/// y[i] = function(x[i]...). The last few elements take the same path as all the
/// others, so that a result does not depend on its neighbours.
template <class Function, class... X>
HWY_INLINE void Map(const Function& function, float* y, size_t count, const X*... x) {
  size_t i = 0;
  for (; i + kLanes <= count; i += kLanes) {
    hn::StoreU(function(hn::LoadU(kF, x + i)...), kF, y + i);
  }
  if (i == count) return;
  hn::StoreN(function(hn::LoadN(kF, x + i, count - i)...), kF, y + i, count - i);
}

/// What `term` adds up over the elements of x: sum = term(elements, sum), from
/// zero. Elements beyond the last are `fill`, which must add nothing. Lanes whose sum it is.
template <class Term>
HWY_INLINE V LanesOver(const float* x, size_t count, float fill, const Term& term) {
  V sum[4] = {hn::Zero(kF), hn::Zero(kF), hn::Zero(kF), hn::Zero(kF)};
  size_t i = 0;
  for (; i + 4 * kLanes <= count; i += 4 * kLanes) {
    QUANTA_UNROLL
    for (size_t c = 0; c < 4; ++c) sum[c] = term(F32::Load(x + i + c * kLanes), sum[c]);
  }
  for (; i + kLanes <= count; i += kLanes) sum[0] = term(F32::Load(x + i), sum[0]);
  if (i < count) sum[0] = term(hn::LoadNOr(hn::Set(kF, fill), kF, x + i, count - i), sum[0]);
  return hn::Add(hn::Add(sum[0], sum[1]), hn::Add(sum[2], sum[3]));
}
template <class Term>
HWY_INLINE float SumOver(const float* x, size_t count, float fill, const Term& term) {
  return SumLanes(LanesOver(x, count, fill, term));
}

}  // namespace quanta::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif  // the guard
