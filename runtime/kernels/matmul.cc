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

/// Fetches the weights that kTileCols columns need a little later. With f32 the
/// processor runs ahead far enough by itself; widening fills its queue.
template <class P>
class Ahead {
 public:
  Ahead(const typename P::T* w, size_t k)
      : w_(reinterpret_cast<const char*>(w)),
        row_(k * sizeof(*w)),
        distance_(HWY_MIN(row_, 4096)) {}

  HWY_INLINE void operator()(size_t i) const {
    if (sizeof(typename P::T) == sizeof(float) || HWY_ARCH_WASM) return;
    const size_t at = i * sizeof(typename P::T);
    if (at % 64 != 0) return;
    // Beyond a row's end comes the next tile's row, not the next column's.
    const size_t ahead = at + distance_;
    const char* line = w_ + ahead + (ahead < row_ ? 0 : (kTileCols - 1) * row_);
    QUANTA_UNROLL
    for (size_t c = 0; c < kTileCols; ++c) hwy::Prefetch(line + c * row_);
  }

 private:
  const char* w_;
  size_t row_;
  size_t distance_;
};

/// y[t, j...] for kTile rows and one column, or four.
template <class P, size_t kTile, size_t kWidth, class Hint>
HWY_INLINE void Product(const MatMulTile& tile, size_t t, size_t j, const Hint& hint) {
  const size_t k = tile.w->k;
  const auto* w = reinterpret_cast<const typename P::T*>(tile.w->data) + j * k;
  V acc[kTile][kWidth];
  DotTile<P>(tile.x + t * k, w, k, acc, hint);
  float* y = tile.y + t * tile.y_stride + j;
  QUANTA_UNROLL
  for (size_t r = 0; r < kTile; ++r, y += tile.y_stride) {
    if constexpr (kWidth == 1) {
      const float sum = SumLanes(acc[r][0]);
      *y = tile.bias == nullptr ? sum : sum + tile.bias[j];
    } else {
      const V4 sum = SumLanes(acc[r][0], acc[r][1], acc[r][2], acc[r][3]);
      hn::StoreU(tile.bias == nullptr ? sum : hn::Add(sum, hn::LoadU(F4(), tile.bias + j)), F4(),
                 y);
    }
  }
}

/// Rows [begin, end) of kWidth columns: their weights are read once from far away.
template <class P, size_t kWidth>
HWY_INLINE void Columns(const MatMulTile& tile, size_t begin, size_t end, size_t j) {
  constexpr size_t kRows = kTileRows<P>;
  size_t t = begin;
  for (; t + kRows <= end; t += kRows) Product<P, kRows, kWidth>(tile, t, j, NoHint());
  for (; t < end; ++t) Product<P, 1, kWidth>(tile, t, j, NoHint());
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
  for (; j + kTileCols <= tile.end; j += kTileCols) {
    Product<P, 1, kTileCols>(tile, 0, j, Ahead<P>(w + j * k, k));
  }
  for (; j < tile.end; ++j) Product<P, 1, 1>(tile, 0, j, NoHint());
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
