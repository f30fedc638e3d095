// SPDX-License-Identifier: MIT
#if defined(__x86_64__) && defined(__linux__)
#include "runtime/kernels/quant/amx-inl.h"
#include "runtime/kernels/quant/kernels_x86.h"

// A group's sums of integers must leave the tile unit to be scaled, by way of memory: that, and
// not the products, is what takes the time. So the work goes by blocks of four groups, for several
// strips and all rows in turn: the rows' bytes and the sums stay in the first-level cache,
// the columns in tiles. A tile of rows has two groups side by side; it is multiplied with 64
// columns of which half are zeros, which takes as long as half a tile and halves the loads. While
// two tiles of rows are multiplied, the sums of the two before are scaled and added up, a few
// rows after each product, and what a product leaves is stored after the next has begun:
// neither waits for the other.

QUANTA_TARGET_BEGIN(QUANTA_AMX_TARGET)
namespace quanta::kernels::amx {
namespace {

struct Q4 {
  static constexpr size_t kFewRows = 8, kMostRows = 64;
  static constexpr size_t kMostStrips = 8;
  static constexpr size_t kBlock = 4;                  ///< groups
  static constexpr size_t kLines = kGroupColumns / 4;  ///< of a group, unpacked
  static constexpr size_t kPart = 4;                   ///< rows that are added up together
  static constexpr size_t kParts = kTall / kPart;

  /// 0, 1: sums of two tiles of rows; 6, 7: the rows; 2 to 5: the block's columns.
  static void Shapes(size_t tall, TileShapes* shapes) {
    for (const size_t tile : {0, 1, 6, 7}) shapes->Set(tile, tall);
    for (const size_t tile : {2, 3, 4, 5}) shapes->Set(tile, kTall);
  }

  using Scales = float[kBlock][kStripRows];
  using Floats = float[kStripRows];

  struct alignas(64) Scratch {
    /// Of every two groups: the first one's columns, zeros, the second one's.
    std::byte columns[kBlock / 2][3 * kLines][kLine];
    Scales scales[2];                  ///< by turns
    Sums sums[2][2][kBlock];           ///< by turns, of two tiles of rows
    Floats f[kMostStrips][kMostRows];  ///< the rows' sums, in sixteenths as the scales are
    float sixteenths[kMostRows];       ///< of the rows' zero points

    Scratch() {
      for (auto& pair : columns) {
        for (size_t line = kLines; line < 2 * kLines; ++line) {
          _mm512_store_si512(pair[line], _mm512_setzero_si512());
        }
      }
    }
  };

  /// Strips side by side.
  struct Strips {
    const std::byte* first;
    size_t bytes, count, groups;

    const std::byte* strip(size_t s) const { return first + s * bytes; }
    const std::byte* group(size_t s, size_t g) const {
      return strip(s) + kStripHead + g * kGroupBytes;
    }
  };

  /// The sums of one or two tiles of rows, and what they are to be added to.
  struct Pending {
    size_t tiles = 0, tall = 0;
    const Sums (*sums)[kBlock] = nullptr;
    const Scales* scales = nullptr;
    Floats* f = nullptr;
  };

  static void Run(const Weights& w, size_t begin, size_t end, Rows rows, Scratch* scratch) {
    rows.y += begin;
    for (size_t j = begin; j < end; j += kMostStrips * kStripRows) {
      const Strips strips = {StripOf(w, j), StripBytes(Panel::kQ4, w.k),
                             std::min(kMostStrips, (end - j) / kStripRows), GroupsOf(w.k)};
      Begin(strips, rows, scratch);
      // One or two groups that are left over make half a block.
      const size_t left = strips.groups % kBlock;
      const size_t whole = strips.groups - (left > kBlock / 2 ? 0 : left);
      Blocks<kBlock>(strips, rows, 0, whole, scratch);
      Blocks<kBlock / 2>(strips, rows, whole, strips.groups, scratch);
      End(strips, rows, *scratch);
      rows.y += kMostStrips * kStripRows;
    }
  }

  static void Begin(const Strips& strips, const Rows& rows, Scratch* scratch) {
    for (size_t r = 0; r < rows.count; ++r) {
      scratch->sixteenths[r] = static_cast<float>(rows.row(r).zero_point) * 0.0625f;
    }
    for (size_t s = 0; s < strips.count; ++s) {
      const __m512 columns = _mm512_loadu_ps(strips.strip(s));
      for (size_t tile = 0; tile < rows.tiles(); ++tile) {
        const float* sixteenths = scratch->sixteenths + rows.first(tile);
        for (size_t r = 0; r < rows.tall; ++r) {
          _mm512_store_ps(scratch->f[s][tile * kTall + r],
                          _mm512_mul_ps(_mm512_set1_ps(sixteenths[r]), columns));
        }
      }
    }
  }

  static void End(const Strips& strips, const Rows& rows, const Scratch& scratch) {
    for (size_t tile = 0; tile < rows.tiles(); ++tile) {
      for (size_t r = 0; r < rows.tall; ++r) {
        const size_t row = rows.first(tile) + r;
        const __m512 scale = _mm512_set1_ps(16 * rows.row(row).scale);
        float* y = rows.y + row * rows.y_stride;
        for (size_t s = 0; s < strips.count; ++s) {
          const __m512 sum = _mm512_load_ps(scratch.f[s][tile * kTall + r]);
          _mm512_storeu_ps(y + s * kStripRows, _mm512_mul_ps(sum, scale));
        }
      }
    }
  }

  /// Groups [begin, end) of all strips, kGroups at a time.
  template <size_t kGroups>
  static void Blocks(const Strips& strips, const Rows& rows, size_t begin, size_t end,
                     Scratch* scratch) {
    Pending pending;
    size_t block = 0, pair = 0;  // whose lowest bits say whose turn it is
    for (size_t g = begin; g < end; g += kGroups) {
      const size_t count = std::min(kGroups, end - g);
      for (size_t s = 0; s < strips.count; ++s, ++block) {
        // The strip's next block comes to the second-level cache until it is its turn.
        Fetch<kGroups * kGroupBytes, 2>(g + kGroups < end ? strips.group(s, g + kGroups)
                                                          : strips.group(s + strips.count, 0));
        Scales& scales = scratch->scales[block % 2];
        Unpack<kGroups>(strips.group(s, g), count, &scales, scratch);
        const auto& columns = scratch->columns;
        _tile_loadd(2, columns[0][0], kLine);
        _tile_loadd(3, columns[0][kLines], kLine);
        if constexpr (kGroups > 2) {
          _tile_loadd(4, columns[1][0], kLine);
          _tile_loadd(5, columns[1][kLines], kLine);
        }
        for (size_t tile = 0; tile < rows.tiles(); tile += 2, ++pair) {
          Sums(*sums)[kBlock] = scratch->sums[pair % 2];
          const bool two = tile + 1 < rows.tiles();
          const Step step = {count, rows.row_bytes, rows.q(tile, g * kGroupColumns),
                             rows.q(two ? tile + 1 : tile, g * kGroupColumns)};
          if (two) {
            Multiply<kGroups, 2>(step, pending, sums);
          } else {
            Multiply<kGroups, 1>(step, pending, sums);
          }
          pending = {two ? size_t{2} : size_t{1}, rows.tall, sums, &scales,
                     scratch->f[s] + tile * kTall};
        }
      }
    }
    if (pending.tiles == 2) _tile_stored(1, pending.sums[1][kGroups - 1], kLine);
    for (size_t part = 0; part < 2 * kParts; ++part) Add<kGroups>(pending, part);
  }

  static QUANTA_INLINE __m512i Signed(__m512i nibbles) {
    return _mm512_sub_epi8(nibbles, _mm512_set1_epi8(8));
  }

  /// `count` groups from `from` on; those behind them get scales that add nothing, not even to
  /// the sign of a zero.
  template <size_t kGroups>
  static QUANTA_INLINE void Unpack(const std::byte* from, size_t count, Scales* scales,
                                   Scratch* scratch) {
#pragma GCC unroll 4
    for (size_t i = 0; i < kGroups; ++i, from += kGroupBytes) {
      if (i >= count) {
        _mm512_store_ps((*scales)[i], _mm512_set1_ps(-0.0f));
        continue;
      }
      _mm512_store_ps((*scales)[i], avx512::Scales(from));
      std::byte(*lines)[kLine] = scratch->columns[i / 2] + i % 2 * 2 * kLines;
#pragma GCC unroll 2
      for (size_t half = 0; half < 2; ++half, lines += 4) {
        const __m512i a = Load(from + half * 128), b = Load(from + half * 128 + 64);
        const __m512i first = Evens(a, b), second = Odds(a, b);
        _mm512_store_si512(lines[0], Signed(LowNibbles(first)));
        _mm512_store_si512(lines[1], Signed(LowNibbles(second)));
        _mm512_store_si512(lines[2], Signed(HighNibbles(first)));
        _mm512_store_si512(lines[3], Signed(HighNibbles(second)));
      }
    }
    Publish(scratch);
  }

  /// What one or two tiles of rows are to be multiplied with: `count` groups.
  struct Step {
    size_t count, stride;
    const std::byte *first, *second;
  };

  /// Products of kTiles tiles of rows with the block, each group's to `sums`, but for the very
  /// last one of two tiles; what is pending is finished meanwhile.
  template <size_t kGroups, size_t kTiles>
  static QUANTA_INLINE void Multiply(const Step& step, const Pending& pending,
                                     Sums (*sums)[kBlock]) {
    // Each of 2 kGroups products has its share of the pending rows.
    // Written out, since tiles go by numbers that must be literals.
    constexpr size_t kShare = 2 * kParts / (2 * kGroups);
    _tile_loadd(6, step.first, step.stride);
    _tile_zero(0);
    _tile_dpbssd(0, 6, 2);
    if (pending.tiles == 2) _tile_stored(1, pending.sums[1][kGroups - 1], kLine);
    Share<kGroups, 0 * kShare>(pending);
    if constexpr (kTiles == 2) {
      _tile_loadd(7, step.second, step.stride);
      _tile_zero(1);
      _tile_dpbssd(1, 7, 2);
    }
    _tile_stored(0, sums[0][0], kLine);
    Share<kGroups, 1 * kShare>(pending);

    _tile_zero(0);
    if (step.count > 1) _tile_dpbssd(0, 6, 3);
    if constexpr (kTiles == 2) _tile_stored(1, sums[1][0], kLine);
    Share<kGroups, 2 * kShare>(pending);
    if constexpr (kTiles == 2) {
      _tile_zero(1);
      if (step.count > 1) _tile_dpbssd(1, 7, 3);
    }
    _tile_stored(0, sums[0][1], kLine);
    Share<kGroups, 3 * kShare>(pending);
    if constexpr (kGroups > 2) {
      // More than two groups are left, or this were half a block.
      _tile_loadd(6, step.first + kLine, step.stride);
      _tile_zero(0);
      _tile_dpbssd(0, 6, 4);
      if constexpr (kTiles == 2) _tile_stored(1, sums[1][1], kLine);
      Share<kGroups, 4 * kShare>(pending);
      if constexpr (kTiles == 2) {
        _tile_loadd(7, step.second + kLine, step.stride);
        _tile_zero(1);
        _tile_dpbssd(1, 7, 4);
      }
      _tile_stored(0, sums[0][2], kLine);
      Share<kGroups, 5 * kShare>(pending);

      _tile_zero(0);
      if (step.count > 3) _tile_dpbssd(0, 6, 5);
      if constexpr (kTiles == 2) _tile_stored(1, sums[1][2], kLine);
      Share<kGroups, 6 * kShare>(pending);
      if constexpr (kTiles == 2) {
        _tile_zero(1);
        if (step.count > 3) _tile_dpbssd(1, 7, 5);
      }
      _tile_stored(0, sums[0][3], kLine);
      Share<kGroups, 7 * kShare>(pending);
    }
  }

  template <size_t kGroups, size_t kFirst>
  static QUANTA_INLINE void Share(const Pending& pending) {
#pragma GCC unroll 2
    for (size_t part = kFirst; part < kFirst + 2 * kParts / (2 * kGroups); ++part) {
      Add<kGroups>(pending, part);
    }
  }

  /// Adds the scaled sums of a part of the pending rows.
  template <size_t kGroups>
  static QUANTA_INLINE void Add(const Pending& pending, size_t part) {
    const size_t tile = part / kParts, begin = part % kParts * kPart;
    if (tile >= pending.tiles || begin >= pending.tall) return;
    const Sums(&sums)[kBlock] = pending.sums[tile];
    Floats* f = pending.f + tile * kTall;
    __m512 scales[kGroups];
#pragma GCC unroll 4
    for (size_t i = 0; i < kGroups; ++i) scales[i] = _mm512_load_ps((*pending.scales)[i]);
#pragma GCC unroll 4
    for (size_t r = begin; r < begin + kPart; ++r) {
      __m512 sum = _mm512_load_ps(f[r]);
#pragma GCC unroll 4
      for (size_t i = 0; i < kGroups; ++i) {
        sum = _mm512_fmadd_ps(_mm512_cvtepi32_ps(Load(sums[i][r])), scales[i], sum);
      }
      _mm512_store_ps(f[r], sum);
    }
  }
};

}  // namespace
}  // namespace quanta::kernels::amx
QUANTA_TARGET_END

namespace quanta::kernels {

void MatMulQ4Amx(const MatMulTile& tile) { amx::MatMul<amx::Q4, MatMulQ4Vnni>(tile); }

}  // namespace quanta::kernels
#elif defined(__x86_64__)
#include "runtime/kernels/quant/kernels_x86.h"
namespace quanta::kernels {
void MatMulQ4Amx(const MatMulTile& tile) { MatMulQ4Vnni(tile); }
}  // namespace quanta::kernels
#endif
