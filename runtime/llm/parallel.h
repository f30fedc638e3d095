// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cstddef>
#include <span>

#include "runtime/core/thread_pool.h"
#include "runtime/kernels/kernels.h"

/// How the forward pass cuts its work into tiles. Cuts follow the shapes and the
/// thread count only, and no result depends on them (kernels.h, Contract).
namespace quanta::llm {

/// Multiply-adds that are worth one tile: a few microseconds, so that a thread
/// that loses its core delays the others by little, and claiming a tile is cheap.
inline constexpr size_t kTileWork = size_t{1} << 15;
/// How many multiply-adds of int8 take the time of one of floats.
inline constexpr size_t kQuantizedSpeed = 8;
inline constexpr size_t kTilesPerThread = 8;
inline constexpr size_t kTileColumns = 16;  ///< tiles begin where panels do

/// Columns per tile for `columns` columns of `work` multiply-adds each.
inline size_t TileWidth(size_t columns, size_t work, int threads) {
  const size_t even = columns / (static_cast<size_t>(threads) * kTilesPerThread);
  const size_t worthwhile = kTileWork / std::max<size_t>(work, 1);
  const size_t width = std::max(even, worthwhile) + kTileColumns;
  return width - width % kTileColumns;
}

class Team {
 public:
  explicit Team(int threads) : threads_(threads) {}
  int threads() const { return threads_; }

  /// body(tile, worker) for every tile.
  template <class Body>
  void Tiles(size_t tiles, const Body& body) const {
    if (threads_ == 1 || tiles <= 1) {
      for (size_t tile = 0; tile < tiles; ++tile) body(tile, 0);
    } else {
      ParallelFor(ThreadPool::Process(), tiles, threads_, body);
    }
  }

  /// body(row) for every row, of `work` operations each.
  template <class Body>
  void Rows(size_t rows, size_t work, const Body& body) const {
    const size_t per_tile = std::max<size_t>(1, kTileWork / std::max<size_t>(work, 1));
    Tiles((rows + per_tile - 1) / per_tile, [&](size_t tile, int) {
      const size_t end = std::min(rows, (tile + 1) * per_tile);
      for (size_t row = tile * per_tile; row < end; ++row) body(row);
    });
  }

  /// body(begin, end) for ranges that make up [0, columns).
  template <class Body>
  void Columns(size_t columns, size_t work, const Body& body) const {
    const size_t width = TileWidth(columns, work, threads_);
    Tiles((columns + width - 1) / width,
          [&](size_t tile, int) { body(tile * width, std::min(columns, (tile + 1) * width)); });
  }

 private:
  int threads_;
};

}  // namespace quanta::llm
