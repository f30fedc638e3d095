// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>

#include "runtime/core/thread_pool.h"
#include "runtime/kernels/kernels.h"

/// How the forward pass cuts its work into tiles. Cuts follow the shapes and the
/// thread count only, and no result depends on them (kernels.h, Contract).
namespace quanta::llm {

/// Multiply-adds that are worth one tile: a few microseconds, so that a thread
/// that loses its core delays the others by little, and claiming a tile is cheap.
inline constexpr size_t kTileWork = size_t{1} << 16;
/// For a single thread, which waits for nobody: what a product gives may just fit into the cache,
/// and a row's product is one.
inline constexpr size_t kTileWorkAlone = 32 * kTileWork;
/// How many multiply-adds of int8 take the time of one of floats.
inline constexpr size_t kQuantizedSpeed = 8;
/// How many multiply-adds of floats take the time of rounding one to int8.
inline constexpr size_t kQuantizeWork = 8;
inline constexpr size_t kTilesPerThread = 2;
inline constexpr size_t kTileColumns = 32;  ///< tiles begin where pairs of strips do

/// Into how many tiles `columns` columns of `work` multiply-adds each are cut: worthwhile ones, and
/// as many for every thread if there is more than one.
inline size_t ColumnTiles(size_t columns, size_t work, int threads) {
  const auto team = static_cast<size_t>(threads);
  const size_t least = threads == 1 ? kTileWorkAlone : kTileWork;
  const size_t worthwhile = (columns * work + least - 1) / least;
  const size_t tiles = std::min(worthwhile, team * kTilesPerThread);
  const size_t units = (columns + kTileColumns - 1) / kTileColumns;
  return tiles <= 1 ? 1 : std::min(units, (tiles + team - 1) / team * team);
}

/// Where tile `tile` of `tiles` begins.
inline size_t ColumnCut(size_t columns, size_t tile, size_t tiles) {
  const size_t units = (columns + kTileColumns - 1) / kTileColumns;
  return std::min(columns, tile * units / tiles * kTileColumns);
}

/// What a feed-forward's two first products give that is activated at a time, while it is in a
/// small second-level cache.
inline constexpr size_t kActivatedBytes = size_t{128} << 10;

/// So many columns of it, of `rows` rows.
inline size_t ActivatedColumns(size_t rows) {
  const size_t columns = kActivatedBytes / (2 * sizeof(float) * rows);
  return std::max(columns / kTileColumns, size_t{1}) * kTileColumns;
}

/// How many floats one of the two has of them, of `rows` or fewer rows of `width` columns.
inline uint64_t ActivatedFloats(uint64_t rows, uint64_t width) {
  const uint64_t most =
      std::max<uint64_t>(kActivatedBytes / (2 * sizeof(float)), rows * kTileColumns);
  return std::min(most, rows * width);
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

  /// body(begin, end, worker) for ranges that make up [0, columns).
  template <class Body>
  void Columns(size_t columns, size_t work, const Body& body) const {
    const size_t tiles = ColumnTiles(columns, work, threads_);
    Tiles(tiles, [&](size_t tile, int worker) {
      body(ColumnCut(columns, tile, tiles), ColumnCut(columns, tile + 1, tiles), worker);
    });
  }

 private:
  int threads_;
};

}  // namespace quanta::llm
