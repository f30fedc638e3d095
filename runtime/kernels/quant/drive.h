// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <utility>

#include "runtime/kernels/quant/activations.h"
#include "runtime/kernels/quant/faster_way.h"
#include "runtime/kernels/quant/target.h"

/// The loops around the kernels of one strip: the same for every instruction set.
namespace quanta::kernels {

/// One strip's 16 columns times some rows.
struct StripTask {
  const std::byte* strip;
  size_t k;
  const std::byte* rows;  ///< QuantizedRow each
  size_t row_bytes;
  float* y;  ///< [rows, y_stride], 16 columns of it
  size_t y_stride;

  const QuantizedRow& row(size_t r) const {
    return *reinterpret_cast<const QuantizedRow*>(rows + r * row_bytes);
  }
};

/// Towards the first (3) or second level (2) of the cache, or past the second to the first (0):
/// kBytes from `from` on, which need not be mapped.
template <size_t kBytes, int kLocality>
QUANTA_INLINE void Fetch(const std::byte* from) {
#pragma GCC unroll 8
  for (size_t line = 0; line < kBytes; line += 64) {
    __builtin_prefetch(from + line, 0, kLocality);
  }
}

/// y += bias for columns [begin, end).
inline void AddBias(const MatMulTile& tile, size_t begin, size_t end) {
  if (tile.bias == nullptr) return;
  for (size_t t = 0; t < tile.rows; ++t) {
    float* y = tile.y + t * tile.y_stride;
    for (size_t j = begin; j < end; ++j) y[j] += tile.bias[j];
  }
}

/// What a tile has of columns before `begin` and from `end` on, by `MatMul`.
template <void (*MatMul)(const MatMulTile&)>
void Around(const MatMulTile& tile, size_t begin, size_t end) {
  MatMulTile part = tile;
  part.end = static_cast<uint32_t>(begin);
  if (part.begin != part.end) MatMul(part);
  part.begin = static_cast<uint32_t>(end);
  part.end = tile.end;
  if (part.begin != part.end) MatMul(part);
}

/// Fetches nothing ahead (see below).
struct FetchNothing {
  template <size_t kBytes>
  static QUANTA_INLINE void FetchAhead(const std::byte*, size_t, size_t) {}
};

/// `Kernel`: kRows, the most rows that are worth unpacking a strip for, and
/// template <size_t kRows> static void Run(const StripTask&), of one row only where it has no
/// RunStrips, as RowDriver wants it.
template <class Kernel>
class StripDriver {
 public:
  /// KernelTable::matmul.
  static void MatMul(const MatMulTile& tile) {
    const size_t k = tile.w->k;
    for (size_t j = tile.begin; j < tile.end;) {
      const size_t first = j / kStripRows * kStripRows;
      const size_t end = std::min<size_t>(first + kStripRows, tile.end);
      StripTask task = {StripOf(*tile.w, j), k, tile.quantized, QuantizedBytes(k), tile.y + first,
                        tile.y_stride};
      Rows(tile.rows, task, j - first, end - first);
      AddBias(tile, j, end);
      j = end;
    }
  }

 private:
  /// All rows, in tiles of nearly the same height; columns [begin, end) of the strip.
  static void Rows(size_t rows, StripTask task, size_t begin, size_t end) {
    const size_t tiles = (rows + Kernel::kRows - 1) / Kernel::kRows;
    for (size_t tile = 0, t = 0; tile < tiles; ++tile) {
      const size_t count = (rows - t + tiles - tile - 1) / (tiles - tile);
      if (begin == 0 && end == kStripRows) {
        kRun[count - 1](task);
      } else {
        Part(count, task, begin, end);
      }
      t += count;
      task.rows += count * task.row_bytes;
      task.y += count * task.y_stride;
    }
  }

  /// Where the strip goes beyond the tile.
  static void Part(size_t count, StripTask task, size_t begin, size_t end) {
    float whole[Kernel::kRows * kStripRows];
    float* y = std::exchange(task.y, whole);
    const size_t stride = std::exchange(task.y_stride, kStripRows);
    kRun[count - 1](task);
    for (size_t r = 0; r < count; ++r) {
      std::copy(whole + r * kStripRows + begin, whole + r * kStripRows + end,
                y + r * stride + begin);
    }
  }

  using Function = void (*)(const StripTask&);
  template <size_t kCount>
  static constexpr Function RunOf() {
    if constexpr (kCount == 1 && requires { &Kernel::template RunStrips<FetchNothing, 1>; }) {
      return [](const StripTask& task) { Kernel::template RunStrips<FetchNothing, 1>(task, 0); };
    } else {
      return &Kernel::template Run<kCount>;
    }
  }
  template <size_t... kCounts>
  static constexpr std::array<Function, Kernel::kRows> List(std::index_sequence<kCounts...>) {
    return {RunOf<kCounts + 1>()...};
  }
  static constexpr std::array<Function, Kernel::kRows> kRun =
      List(std::make_index_sequence<Kernel::kRows>());
};

/// How one row goes through the strips, which is how its weights come from memory: kStreams strips
/// side by side, and Fetching::FetchAhead<kBytes>(from, left, jump), which a kernel calls for each
/// piece of a strip. `left`: bytes of the strip from there on; `jump`: over the other strips that
/// are read beside it.

/// kAhead bytes ahead: at a strip's end, of the one that follows all that are read.
template <size_t kAhead>
struct FetchEach {
  template <size_t kBytes>
  static QUANTA_INLINE void FetchAhead(const std::byte* from, size_t left, size_t jump) {
    Fetch<kBytes, 3>(from + kAhead + (left <= kAhead ? jump : 0));
  }
};

/// kAhead bytes ahead in memory to a level of the cache (see Fetch).
template <int kLocality, size_t kAhead>
struct FetchNext {
  template <size_t kBytes>
  static QUANTA_INLINE void FetchAhead(const std::byte* from, size_t, size_t) {
    Fetch<kBytes, kLocality>(from + kAhead);
  }
};

/// So many strips side by side, each of them fetched ahead.
template <size_t kStreamCount, size_t kAhead>
struct SideBySide {
  static constexpr size_t kStreams = kStreamCount;
  using Fetching = FetchEach<kAhead>;
};

/// One strip after the other: memory is the limit, and what prefetches by itself stops where a page
/// ends.
template <int kLocality, size_t kAhead>
struct OneByOne {
  static constexpr size_t kStreams = 1;
  using Fetching = FetchNext<kLocality, kAhead>;
};

/// So many side by side, of which nothing is fetched ahead.
template <size_t kStreamCount>
struct AsTheyCome {
  static constexpr size_t kStreams = kStreamCount;
  using Fetching = FetchNothing;
};

/// One of two orders, whichever is found to be faster.
template <class First, class Second>
struct FasterOf {};

/// A single row's product. `Kernel` as above, and
/// template <class Fetching, size_t kStrips>
/// static void RunStrips(const StripTask&, size_t strip_bytes): so many strips side by side, which
/// are as many streams from memory; Order::kStreams at most.
template <class Kernel, class Order>
class RowDriver {
 public:
  static void MatMul(const MatMulTile& tile) {
    MatMulTile rest = tile;
    if (tile.begin % kStripRows == 0) Streams<Order::kStreams>(&rest);
    if (rest.begin < rest.end) StripDriver<Kernel>::MatMul(rest);
  }

 private:
  /// Whole strips from tile->begin on, kStrips at a time, then fewer.
  template <size_t kStrips>
  static void Streams(MatMulTile* tile) {
    constexpr uint32_t kColumns = kStrips * kStripRows;
    const size_t k = tile->w->k, bytes = StripBytes(tile->w->panel, k);
    for (uint32_t j = tile->begin; j + kColumns <= tile->end; j = tile->begin) {
      Kernel::template RunStrips<typename Order::Fetching, kStrips>(
          {StripOf(*tile->w, j), k, tile->quantized, QuantizedBytes(k), tile->y + j,
           tile->y_stride},
          bytes);
      AddBias(*tile, j, j + kColumns);
      tile->begin += kColumns;
    }
    if constexpr (kStrips > 1) Streams<std::bit_floor(kStrips - 1)>(tile);
  }
};

/// In the faster of two orders.
template <class Kernel, class First, class Second>
class RowDriver<Kernel, FasterOf<First, Second>> {
 public:
  static void MatMul(const MatMulTile& tile) { ways_.MatMul(tile); }

 private:
  static constinit inline FasterWay ways_ = {RowDriver<Kernel, First>::MatMul,
                                             RowDriver<Kernel, Second>::MatMul};
};

/// KernelTable::matmul where no instruction fetches ahead and nobody says whose the processor is:
/// AMD's want one stream, Intel's four.
template <class Kernel>
void MatMulEitherWay(const MatMulTile& tile) {
  using Order = FasterOf<AsTheyCome<1>, AsTheyCome<4>>;
  if (tile.rows == 1) return RowDriver<Kernel, Order>::MatMul(tile);
  StripDriver<Kernel>::MatMul(tile);
}

}  // namespace quanta::kernels
