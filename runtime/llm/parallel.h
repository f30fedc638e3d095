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
/// How many multiply-adds of floats take the time of rounding one to int8.
inline constexpr size_t kQuantizeWork = 8;
inline constexpr size_t kTilesPerThread = 8;
inline constexpr size_t kTileColumns = 16;  ///< tiles begin where panels do

/// Columns per tile for `columns` columns of `work` multiply-adds each.
inline size_t TileWidth(size_t columns, size_t work, int threads) {
  const size_t even = columns / (static_cast<size_t>(threads) * kTilesPerThread);
  const size_t worthwhile = kTileWork / std::max<size_t>(work, 1);
  const size_t width = std::max(even, worthwhile) + kTileColumns;
  return width - width % kTileColumns;
}

/// Into how many tiles `rows` rows of `work` operations each are cut: worthwhile ones, and as
/// many for every thread if there is more than one.
inline size_t RowTiles(size_t rows, size_t work, int threads) {
  const size_t per_tile = std::max<size_t>(1, kTileWork / std::max<size_t>(work, 1));
  const auto team = static_cast<size_t>(threads);
  const size_t tiles = (rows + per_tile - 1) / per_tile;
  return tiles <= 1 ? tiles : std::min(rows, (tiles + team - 1) / team * team);
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
    const size_t tiles = RowTiles(rows, work, threads_);
    Tiles(tiles, [&](size_t tile, int) {
      const size_t end = (tile + 1) * rows / tiles;
      for (size_t row = tile * rows / tiles; row < end; ++row) body(row);
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
