// SPDX-License-Identifier: MIT
#pragma once

/// What the kernels of Intel's tile unit share, compiled for it: include it in sources for x86-64
/// Linux only.
/// Source: Intel Architecture Instruction Set Extensions Programming Reference, chapter 3.
#include <algorithm>

#include "runtime/kernels/quant/avx512-inl.h"
#include "runtime/kernels/quant/drive.h"

#define QUANTA_AMX_TARGET "amx-tile,amx-int8,avx512f,avx512bw,avx512vl,avx512vnni"

QUANTA_TARGET_BEGIN(QUANTA_AMX_TARGET)
namespace quanta::kernels::amx {

using namespace avx512;

inline constexpr size_t kTall = 16;  ///< rows of a tile
inline constexpr size_t kLine = 64;  ///< bytes of a tile's row

/// LDTILECFG's operand.
struct alignas(64) TileShapes {
  uint8_t palette = 1;
  uint8_t start_row = 0;
  uint8_t reserved[14] = {};
  uint16_t row_bytes[16] = {};
  uint8_t rows[16] = {};

  void Set(size_t tile, size_t tall) {
    rows[tile] = static_cast<uint8_t>(tall);
    row_bytes[tile] = kLine;
  }
};

/// What one tile has of all rows of 16 columns.
using Sums = int32_t[kTall][kStripRows];

/// The compiler does not see that tiles and their shapes come from memory, and that tiles go there.
QUANTA_INLINE void Publish(const void* memory) { asm volatile("" : : "r"(memory) : "memory"); }

/// Rows of activations and of results, at most Kernel::kMostRows, cut into tiles of one height.
/// The last tile ends with the last row, so that it may have some rows of the one before as well:
/// those are made twice.
struct Rows {
  const std::byte* quantized;  ///< QuantizedRow each
  size_t row_bytes;
  size_t count, tall;
  float* y;  ///< of the matrix's first column
  size_t y_stride;

  size_t tiles() const { return (count + kTall - 1) / kTall; }
  size_t first(size_t tile) const { return std::min(tile * kTall, count - tall); }
  const QuantizedRow& row(size_t r) const {
    return *reinterpret_cast<const QuantizedRow*>(quantized + r * row_bytes);
  }
  /// A tile's bytes from `column` on. What is read beyond a row's last column is the row's own
  /// and meets zeros: QuantizedBytes is a multiple of 64.
  const std::byte* q(size_t tile, size_t column) const {
    return quantized + first(tile) * row_bytes + QuantizedRow::kHead + column;
  }
};

/// KernelTable::matmul. `Kernel` makes whole strips, `Few` few rows and parts of strips:
///   kFewRows: for fewer, a tile that is mostly empty takes as long as separate rows do
///   kMostRows
///   static void Shapes(size_t tall, TileShapes*);
///   static void Run(const Weights&, size_t begin, size_t end, const Rows&, Scratch*);
template <class Kernel, void (*Few)(const MatMulTile&)>
void MatMul(const MatMulTile& tile) {
  const size_t begin = (size_t{tile.begin} + kStripRows - 1) / kStripRows * kStripRows;
  const size_t end = tile.end / kStripRows * kStripRows;
  if (tile.rows < Kernel::kFewRows || begin >= end) return Few(tile);
  const size_t row_bytes = QuantizedBytes(tile.w->k), tall = std::min<size_t>(kTall, tile.rows);
  TileShapes shapes;
  Kernel::Shapes(tall, &shapes);
  Publish(&shapes);  // GCC takes the operand for 8 bytes of 64
  _tile_loadconfig(&shapes);
  typename Kernel::Scratch scratch;
  for (size_t row = 0; row < tile.rows; row += Kernel::kMostRows) {
    const size_t left = tile.rows - row;
    const size_t first = left < tall ? tile.rows - tall : row;
    const Rows rows = {tile.quantized + first * row_bytes,
                       row_bytes,
                       std::min(Kernel::kMostRows, tile.rows - first),
                       tall,
                       tile.y + first * tile.y_stride,
                       tile.y_stride};
    Kernel::Run(*tile.w, begin, end, rows, &scratch);
  }
  _tile_release();  // else the system keeps saving 8 KiB of tiles
  AddBias(tile, begin, end);
  Around<Few>(tile, begin, end);
}

}  // namespace quanta::kernels::amx
QUANTA_TARGET_END
