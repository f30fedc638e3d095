// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <array>
#include <utility>

#include "runtime/kernels/quant/drive.h"

/// Many rows: a block of the columns of kStrips strips is unpacked once for all rows, to bytes in
/// the order in which multipliers take them, into the first-level cache.
namespace quanta::kernels {

inline constexpr size_t kQuad = 4;  ///< columns of the matrix whose products one lane adds up
inline constexpr size_t kQuads = kGroupColumns / kQuad;

/// Unpacked columns of kStripCount strips, kGroups times 32 of them.
template <size_t kStripCount>
struct alignas(64) UnpackedBlock {
  static constexpr size_t kStrips = kStripCount, kGroups = 24;
  std::byte quads[kGroups][kQuads][kStrips][kStripRows * kQuad];  ///< 16 x 4 bytes
  float scales[kGroups][kStrips][kStripRows];                     ///< of q4
};

/// Fetches the strips that come next to the second-level cache, little by little.
class NextStrips {
 public:
  NextStrips(const std::byte* from, size_t bytes, size_t steps)
      : at_(from), end_(from + bytes), lines_((bytes / 64 + steps) / steps) {}

  QUANTA_INLINE void Step() {
    if (at_ >= end_) return;
    for (size_t i = 0; i < lines_; ++i, at_ += 64) __builtin_prefetch(at_, 0, 2);
  }

 private:
  const std::byte *at_, *end_;
  size_t lines_;  ///< a step
};

/// Some rows times a block.
template <class Block>
struct UnpackedTask {
  Block* block;
  const std::byte* strips;
  size_t strip_bytes, k;
  size_t row_bytes, y_stride;
  NextStrips* next;
  size_t group = 0, groups = 0;     ///< of the matrix, in the block
  const std::byte* rows = nullptr;  ///< QuantizedRow each
  /// [rows, y_stride], the strips' columns of it; before the last block: what was added up so far
  float* y = nullptr;

  bool first() const { return group == 0; }
  bool last() const { return group + groups == GroupsOf(k); }
  const std::byte* strip(size_t s) const { return strips + s * strip_bytes; }
  const QuantizedRow& row(size_t r) const {
    return *reinterpret_cast<const QuantizedRow*>(rows + r * row_bytes);
  }
  /// Of the first row, for the block's first group.
  const int8_t* q() const { return row(0).q() + group * kGroupColumns; }
  const int32_t* offsets() const { return row(0).offsets(k) + group; }
  void Skip(size_t count) {
    rows += count * row_bytes;
    y += count * y_stride;
  }
  float* out(size_t r, size_t s) const { return y + r * y_stride + s * kStripRows; }
};

/// `Kernel`:
///   Block, what it unpacks to; kTileRows, the most rows that are multiplied together;
///   kFewRows, at least kTileRows: so many are worth unpacking for
///   template <size_t kCount, bool kUnpack> static void Run(const UnpackedTask<Block>&): kCount
///   rows; kUnpack: the block is theirs to fill
/// `Few` makes what is not worth unpacking: few rows, and strips without a second one.
template <class Kernel, void (*Few)(const MatMulTile&)>
class UnpackedDriver {
 public:
  /// KernelTable::matmul.
  static void MatMul(const MatMulTile& tile) {
    const size_t begin = (size_t{tile.begin} + kStripRows - 1) / kStripRows * kStripRows;
    if (tile.rows < Kernel::kFewRows || begin + kColumns > tile.end) return Few(tile);
    const size_t end = tile.end - (tile.end - begin) % kColumns;
    Block block;
    for (size_t j = begin; j < end; j += kColumns) Strips(tile, j, &block);
    AddBias(tile, begin, end);
    Around<Few>(tile, begin, end);
  }

 private:
  using Block = typename Kernel::Block;
  using Task = UnpackedTask<Block>;
  static constexpr size_t kColumns = Block::kStrips * kStripRows;
  static constexpr size_t kTileRows = Kernel::kTileRows;
  /// Two lower tiles are quicker than a full one and a row or two.
  static constexpr size_t kLowest = kTileRows - 2;
  static_assert(Kernel::kFewRows >= kTileRows);

  static void Strips(const MatMulTile& tile, size_t column, Block* block) {
    const size_t k = tile.w->k, bytes = StripBytes(tile.w->panel, k), groups = GroupsOf(k);
    const size_t tiles = (tile.rows + kTileRows - 1) / kTileRows;
    const std::byte* strips = StripOf(*tile.w, column);
    NextStrips next(strips + Block::kStrips * bytes, Block::kStrips * bytes, tiles * groups);
    Task task = {.block = block,
                 .strips = strips,
                 .strip_bytes = bytes,
                 .k = k,
                 .row_bytes = QuantizedBytes(k),
                 .y_stride = tile.y_stride,
                 .next = &next};
    const size_t blocks = (groups + Block::kGroups - 1) / Block::kGroups;
    for (size_t b = 0; b < blocks; ++b, task.group += task.groups) {
      task.groups = (b + 1) * groups / blocks - task.group;
      task.rows = tile.quantized;
      task.y = tile.y + column;
      Kernel::template Run<kTileRows, true>(task);
      task.Skip(kTileRows);
      size_t left = tile.rows - kTileRows;
      // (Calls of known functions: one by a table takes as long as several rows.)
      for (; left >= kTileRows + kLowest || left == kTileRows; left -= kTileRows) {
        Kernel::template Run<kTileRows, false>(task);
        task.Skip(kTileRows);
      }
      if (left > kTileRows) {
        const size_t count = (left + 1) / 2;
        kRun[count - 1](task);
        task.Skip(count);
        left -= count;
      }
      if (left != 0) kRun[left - 1](task);
    }
  }

  using Function = void (*)(const Task&);
  template <size_t... kCounts>
  static constexpr std::array<Function, kTileRows> List(std::index_sequence<kCounts...>) {
    return {&Kernel::template Run<kCounts + 1, false>...};
  }
  static constexpr std::array<Function, kTileRows> kRun =
      List(std::make_index_sequence<kTileRows>());
};

}  // namespace quanta::kernels
