// SPDX-License-Identifier: MIT
#include <cstring>

#include "runtime/kernels/targets.h"
// Highway compiles the rest once per target:
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "runtime/kernels/matmul.cc"
#include "hwy/cache_control.h"
#include "hwy/foreach_target.h"
#include "runtime/kernels/dot-inl.h"

HWY_BEFORE_NAMESPACE();
namespace quanta::kernels::HWY_NAMESPACE {
namespace {

/// Rows of x that are used together: what is half of a small second-level cache.
constexpr size_t kRowBytes = 256 << 10;

/// Columns at a time for one row of x: enough sums under way at once, and enough
/// lines of weights on their way from memory.
constexpr size_t kOneRowCols = 2 * kTileCols;

/// Fetches the weights that kOneRowCols columns need a little later.
template <class P>
class Ahead {
 public:
  Ahead(const typename P::T* w, size_t k)
      : w_(reinterpret_cast<const char*>(w)),
        row_(k * sizeof(*w)),
        distance_(HWY_MIN(row_, 1024)) {}

  HWY_INLINE void operator()(size_t i) const {
    const size_t at = i * sizeof(typename P::T);
    if (at % 64 != 0 || HWY_ARCH_WASM) return;
    // Beyond a row's end comes the next tile's row, not the next column's.
    const size_t ahead = at + distance_;
    const char* line = w_ + ahead + (ahead < row_ ? 0 : (kOneRowCols - 1) * row_);
    QUANTA_UNROLL
    for (size_t c = 0; c < kOneRowCols; ++c) hwy::Prefetch(line + c * row_);
  }

 private:
  const char* w_;
  size_t row_;
  size_t distance_;
};

HWY_INLINE void Store(V4 sum, const float* bias, float* y) {
  hn::StoreU(bias == nullptr ? sum : hn::Add(sum, hn::LoadU(F4(), bias)), F4(), y);
}

/// y[t..., j...] for kRows rows and kCols columns: one, kTileCols, or of one row a multiple of it.
template <class P, size_t kRows, size_t kCols, class Hint = NoHint>
HWY_INLINE void Product(const MatMulTile& tile, size_t t, size_t j, const Hint& hint = Hint()) {
  const size_t k = tile.w->k;
  const auto* w = reinterpret_cast<const typename P::T*>(tile.w->data) + j * k;
  V acc[kRows][kCols];
  DotTile<P>(tile.x + t * k, k, w, k, acc, hint);
  float* y = tile.y + t * tile.y_stride + j;
  const float* bias = tile.bias == nullptr ? nullptr : tile.bias + j;
  if constexpr (kCols == 1) {
    QUANTA_UNROLL
    for (size_t r = 0; r < kRows; ++r, y += tile.y_stride) {
      const float sum = SumLanes(acc[r][0]);
      *y = bias == nullptr ? sum : sum + *bias;
    }
  } else if constexpr (kCols == kTileCols) {
    V4 sum[kRows];
    SumRows(acc, sum);
    QUANTA_UNROLL
    for (size_t r = 0; r < kRows; ++r, y += tile.y_stride) Store(sum[r], bias, y);
  } else {
    static_assert(kRows == 1);
    QUANTA_UNROLL
    for (size_t c = 0; c < kCols; c += kTileCols) {
      Store(SumLanes(acc[0][c], acc[0][c + 1], acc[0][c + 2], acc[0][c + 3]),
            bias == nullptr ? nullptr : bias + c, y + c);
    }
  }
}

/// Rows [begin, end) of kCols columns: their weights are read once from far away.
template <class P, size_t kCols>
HWY_INLINE void Columns(const MatMulTile& tile, size_t begin, size_t end, size_t j) {
  constexpr size_t kRows = kTileRows<P>;
  size_t t = begin;
  for (; t + kRows <= end; t += kRows) Product<P, kRows, kCols>(tile, t, j);
  for (; t < end; ++t) Product<P, 1, kCols>(tile, t, j);
}

template <class P>
void Block(const MatMulTile& tile, size_t begin, size_t end) {
  size_t j = tile.begin;
  for (; j + kTileCols <= tile.end; j += kTileCols) Columns<P, kTileCols>(tile, begin, end, j);
  for (; j < tile.end; ++j) Columns<P, 1>(tile, begin, end, j);
}

template <class P>
void OneRow(const MatMulTile& tile) {
  const size_t k = tile.w->k;
  const auto* w = reinterpret_cast<const typename P::T*>(tile.w->data);
  size_t j = tile.begin;
  for (; j + kOneRowCols <= tile.end; j += kOneRowCols) {
    Product<P, 1, kOneRowCols>(tile, 0, j, Ahead<P>(w + j * k, k));
  }
  for (; j < tile.end; ++j) Product<P, 1, 1>(tile, 0, j);
}

template <class P>
void MatMul(const MatMulTile& tile) {
  if (tile.rows == 1) return OneRow<P>(tile);
  constexpr size_t kRows = kTileRows<P>;
  const size_t fit = kRowBytes / sizeof(float) / tile.w->k;
  const size_t step = HWY_MAX(fit - fit % kRows, 2 * kRows);
  for (size_t t = 0; t < tile.rows; t += step) {
    Block<P>(tile, t, HWY_MIN(t + step, size_t{tile.rows}));
  }
}

void GatherF32(const Weights& w, uint32_t row, float* out) {
  std::memcpy(out, reinterpret_cast<const float*>(w.data) + size_t{row} * w.k, w.k * sizeof(float));
}

void GatherF16(const Weights& w, uint32_t row, float* out) {
  const auto* from = reinterpret_cast<const uint16_t*>(w.data) + size_t{row} * w.k;
  size_t i = 0;
  for (; i + kLanes <= w.k; i += kLanes) hn::StoreU(F16::Load(from + i), kF, out + i);
  if (i < w.k) hn::StoreN(F16::Load(from + i, w.k - i), kF, out + i, w.k - i);
}

void FillMatMul(KernelTable* table) {
  table->matmul[static_cast<int>(Panel::kF32)] = MatMul<F32>;
  table->matmul[static_cast<int>(Panel::kF16)] = MatMul<F16>;
  table->gather[static_cast<int>(Panel::kF32)] = GatherF32;
  table->gather[static_cast<int>(Panel::kF16)] = GatherF16;
}

}  // namespace
}  // namespace quanta::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace quanta::kernels {
HWY_EXPORT(FillMatMul);
void FillMatMul(KernelTable* table) { HWY_DYNAMIC_DISPATCH(FillMatMul)(table); }
}  // namespace quanta::kernels
#endif
