// SPDX-License-Identifier: MIT
#if defined(__x86_64__) && defined(__linux__)
#include "runtime/kernels/quant/amx-inl.h"
#include "runtime/kernels/quant/kernels_x86.h"

// Two strips are unpacked once for all rows to what the tile unit reads: for every 4 columns of
// the matrix, 16 x 4 signed bytes. It multiplies two tiles of rows with them at a time, four
// products for four loads, and the first two while the strips are unpacked.

QUANTA_TARGET_BEGIN(QUANTA_AMX_TARGET)
namespace quanta::kernels::amx {
namespace {

struct Q8 {
  static constexpr size_t kFewRows = 6, kMostRows = 128;
  static constexpr size_t kColumns = 2048;                ///< of the matrix, unpacked at a time
  static constexpr size_t kSteps = kLine / kStepColumns;  ///< of the panel, in a tile

  /// 0, 1: sums of the first rows by both strips; 2, 3: of the second rows; 4, 5: the rows;
  /// 6, 7: the strips' columns.
  static void Shapes(size_t tall, TileShapes* shapes) {
    for (const size_t tile : {0, 1, 2, 3, 4, 5}) shapes->Set(tile, tall);
    for (const size_t tile : {6, 7}) shapes->Set(tile, kTall);
  }

  struct alignas(64) Scratch {
    std::byte columns[kColumns / kLine][2][kTall][kLine];
    Sums sums[kMostRows / kTall][2];
  };

  /// One or two strips.
  struct Strips {
    const std::byte* first;
    size_t bytes, k;

    const std::byte* strip(size_t s) const { return first + s * bytes; }
    const std::byte* sums(size_t s) const { return strip(s); }
    const std::byte* step(size_t s, size_t step) const {
      return strip(s) + kStripHead + step * kStepBytes;
    }
    const std::byte* scales(size_t s) const { return step(s, StepsOf(k)); }
  };

  static void Run(const Weights& w, size_t begin, size_t end, Rows rows, Scratch* scratch) {
    rows.y += begin;
    for (; begin < end; begin += 2 * kStripRows, rows.y += 2 * kStripRows) {
      const Strips strips = {StripOf(w, begin), StripBytes(Panel::kQ8, w.k), w.k};
      if (begin + kStripRows < end) {
        Multiply<2>(strips, rows, scratch);
      } else {
        Multiply<1>(strips, rows, scratch);
      }
    }
  }

  template <size_t kStrips>
  static void Multiply(const Strips& strips, const Rows& rows, Scratch* scratch) {
    for (size_t begin = 0; begin < strips.k; begin += kColumns) {
      size_t tile = 0;
      if (rows.tiles() == 1) {
        Tiles<1, kStrips, true>(strips, rows, tile++, begin, scratch);
      } else {
        Tiles<2, kStrips, true>(strips, rows, tile, begin, scratch);
        for (tile = 2; tile + 2 <= rows.tiles(); tile += 2) {
          Tiles<2, kStrips, false>(strips, rows, tile, begin, scratch);
        }
      }
      if (tile < rows.tiles()) Tiles<1, kStrips, false>(strips, rows, tile, begin, scratch);
    }
  }

  /// Tile `at` of the columns from `begin` on; zeros behind the last column.
  template <size_t kStrips>
  static QUANTA_INLINE void Unpack(const Strips& strips, size_t begin, size_t at,
                                   Scratch* scratch) {
    const size_t first = (begin + at * kLine) / kStepColumns;
    const size_t count = std::min(kSteps, StepsOf(strips.k) - first);
#pragma GCC unroll 2
    for (size_t s = 0; s < kStrips; ++s) {
      const std::byte* from = strips.step(s, first);
      std::byte(*lines)[kLine] = scratch->columns[at][s];
      if (count == kSteps) {
        // The strips behind these come to the second-level cache while these are multiplied.
        Fetch<kSteps * kStepBytes, 2>(from + kStrips * strips.bytes);
#pragma GCC unroll 8
        for (size_t i = 0; i < kSteps; ++i) Step(from + i * kStepBytes, lines + 2 * i);
      } else {
        for (size_t i = 0; i < count; ++i) Step(from + i * kStepBytes, lines + 2 * i);
        for (size_t line = 2 * count; line < kTall; ++line) {
          _mm512_store_si512(lines[line], _mm512_setzero_si512());
        }
      }
    }
    Publish(scratch);
  }
  static QUANTA_INLINE void Step(const std::byte* from, std::byte (*lines)[kLine]) {
    const __m512i a = Load(from), b = Load(from + 64);
    _mm512_store_si512(lines[0], Evens(a, b));
    _mm512_store_si512(lines[1], Odds(a, b));
  }

  /// The products of kTiles tiles of rows with the columns from `begin` on, which are
  /// unpacked on the way if they are not yet.
  template <size_t kTiles, size_t kStrips, bool kUnpack>
  static void Tiles(const Strips& strips, const Rows& rows, size_t tile, size_t begin,
                    Scratch* scratch) {
    Sums(*sums)[2] = scratch->sums + tile;
    if (begin == 0) {
      _tile_zero(0);
      _tile_zero(1);
      _tile_zero(2);
      _tile_zero(3);
    } else {
      _tile_loadd(0, sums[0][0], kLine);
      if constexpr (kStrips > 1) _tile_loadd(1, sums[0][1], kLine);
      if constexpr (kTiles > 1) _tile_loadd(2, sums[1][0], kLine);
      if constexpr (kTiles > 1 && kStrips > 1) _tile_loadd(3, sums[1][1], kLine);
    }
    const size_t stride = rows.row_bytes;
    const std::byte* x = rows.q(tile, begin);
    const std::byte* second = rows.q(tile + kTiles - 1, begin);
    const size_t count = (std::min(kColumns, strips.k - begin) + kLine - 1) / kLine;
    if constexpr (kUnpack) Unpack<kStrips>(strips, begin, 0, scratch);
    for (size_t at = 0; at < count; ++at, x += kLine, second += kLine) {
      if (kUnpack && at + 1 < count) Unpack<kStrips>(strips, begin, at + 1, scratch);
      _tile_loadd(6, scratch->columns[at][0], kLine);
      _tile_loadd(4, x, stride);
      _tile_dpbssd(0, 4, 6);
      if constexpr (kStrips > 1) {
        _tile_loadd(7, scratch->columns[at][1], kLine);
        _tile_dpbssd(1, 4, 7);
      }
      if constexpr (kTiles > 1) {
        _tile_loadd(5, second, stride);
        _tile_dpbssd(2, 5, 6);
        if constexpr (kStrips > 1) _tile_dpbssd(3, 5, 7);
      }
    }
    _tile_stored(0, sums[0][0], kLine);
    if constexpr (kStrips > 1) _tile_stored(1, sums[0][1], kLine);
    if constexpr (kTiles > 1) _tile_stored(2, sums[1][0], kLine);
    if constexpr (kTiles > 1 && kStrips > 1) _tile_stored(3, sums[1][1], kLine);
    if (begin + kColumns < strips.k) return;
    for (size_t t = tile; t < tile + kTiles; ++t) {
      Finish<kStrips>(strips, rows, rows.first(t), scratch->sums[t]);
    }
  }

  /// y of a tile's rows.
  template <size_t kStrips>
  static void Finish(const Strips& strips, const Rows& rows, size_t first, const Sums* sums) {
    for (size_t r = 0; r < rows.tall; ++r) {
      const QuantizedRow& x = rows.row(first + r);
      float* y = rows.y + (first + r) * rows.y_stride;
#pragma GCC unroll 2
      for (size_t s = 0; s < kStrips; ++s) {
        const __m512i zero =
            _mm512_mullo_epi32(_mm512_set1_epi32(x.zero_point), Load(strips.sums(s)));
        const __m512 sum = _mm512_cvtepi32_ps(_mm512_add_epi32(Load(sums[s][r]), zero));
        const __m512 scaled = _mm512_mul_ps(sum, _mm512_set1_ps(x.scale));
        _mm512_storeu_ps(y + s * kStripRows,
                         _mm512_mul_ps(scaled, _mm512_loadu_ps(strips.scales(s))));
      }
    }
  }
};

}  // namespace
}  // namespace quanta::kernels::amx
QUANTA_TARGET_END

namespace quanta::kernels {

void MatMulQ8Amx(const MatMulTile& tile) { amx::MatMul<amx::Q8, MatMulQ8Vnni>(tile); }

}  // namespace quanta::kernels
#elif defined(__x86_64__)
#include "runtime/kernels/quant/kernels_x86.h"
namespace quanta::kernels {
void MatMulQ8Amx(const MatMulTile& tile) { MatMulQ8Vnni(tile); }
}  // namespace quanta::kernels
#endif
