// SPDX-License-Identifier: MIT
//
// Dot products in tiles: what matrix products and attention scores are made of.
// Included once per target: see the guard.
#if defined(QUANTA_KERNELS_DOT_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef QUANTA_KERNELS_DOT_INL_H_
#undef QUANTA_KERNELS_DOT_INL_H_
#else
#define QUANTA_KERNELS_DOT_INL_H_
#endif

#include "runtime/kernels/simd-inl.h"

HWY_BEFORE_NAMESPACE();
namespace quanta::kernels::HWY_NAMESPACE {

/// Columns of a tile: as many sums of lanes as SumLanes makes at once.
constexpr size_t kTileCols = 4;

/// Rows of a tile, as many as the registers hold: rows times columns of sums, the
/// columns, one row; widening with sixteen registers needs some as well.
template <class P>
constexpr size_t kTileRows = HWY_TARGET == HWY_AVX3 || HWY_ARCH_ARM_A64             ? 4
                             : HWY_TARGET == HWY_AVX2 && sizeof(typename P::T) == 2 ? 2
                                                                                    : 3;

/// acc[r][c] += x[r, i...] * w[c, i...], once. `count`: elements, or none for all.
template <class P, size_t kRows, size_t kCols, class... Count>
HWY_INLINE void DotStep(const float* x, size_t x_stride, const typename P::T* w, size_t k,
                        V (&acc)[kRows][kCols], Count... count) {
  V columns[kCols];
  QUANTA_UNROLL
  for (size_t c = 0; c < kCols; ++c) columns[c] = P::Load(w + c * k, count...);
  QUANTA_UNROLL
  for (size_t r = 0; r < kRows; ++r) {
    const V row = F32::Load(x + r * x_stride, count...);
    QUANTA_UNROLL
    for (size_t c = 0; c < kCols; ++c) acc[r][c] = hn::MulAdd(row, columns[c], acc[r][c]);
  }
}

/// What a tile does beside its sums, given how far it is: nothing.
struct NoHint {
  HWY_INLINE void operator()(size_t) const {}
};

/// acc[r][c] = lanes whose sum is the dot product of row r of x and row c of w,
/// both k long, `x_stride` and k apart. One vector per product, whatever the tile: that fixes
/// the order.
template <class P, size_t kRows, size_t kCols, class Hint = NoHint>
HWY_INLINE void DotTile(const float* x, size_t x_stride, const typename P::T* w, size_t k,
                        V (&acc)[kRows][kCols], const Hint& hint = Hint()) {
  QUANTA_UNROLL
  for (size_t r = 0; r < kRows; ++r) {
    QUANTA_UNROLL
    for (size_t c = 0; c < kCols; ++c) acc[r][c] = hn::Zero(kF);
  }
  size_t i = 0;
  for (; i + kLanes <= k; i += kLanes) {
    hint(i);
    DotStep<P>(x + i, x_stride, w + i, k, acc);
  }
  if (i < k) DotStep<P>(x + i, x_stride, w + i, k, acc, k - i);
}

}  // namespace quanta::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif  // the guard
