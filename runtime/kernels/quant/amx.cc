// SPDX-License-Identifier: MIT
#if defined(__x86_64__) && defined(__linux__)
#include <cpuid.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "runtime/kernels/quant/avx512-inl.h"
#include "runtime/kernels/quant/drive.h"
#include "runtime/kernels/quant/kernels_x86.h"

// Products of many rows by Intel's tile unit: 16 rows of activations times 16 columns at a
// time. A strip is unpacked once for all rows to what the unit reads: for every 4 columns of
// the matrix, 16 x 4 signed bytes. Few rows are left to AVX-512 VNNI; the sums are the same.
// Source: Intel Architecture Instruction Set Extensions Programming Reference, chapter 3.

QUANTA_TARGET_BEGIN("amx-tile,amx-int8,avx512f,avx512bw,avx512vl,avx512vnni")
namespace quanta::kernels {
namespace {

using namespace avx512;

constexpr size_t kTall = 16;               ///< rows of a tile
constexpr size_t kLine = 64;               ///< bytes of a tile's row
constexpr size_t kUnpackedColumns = 2048;  ///< of the matrix, at a time: half of an L1
/// Below, a tile that is mostly empty takes as long as separate rows do.
constexpr size_t kFewRows = 6;

/// LDTILECFG's operand.
struct alignas(64) TileShapes {
  uint8_t palette = 1;
  uint8_t start_row = 0;
  uint8_t reserved[14] = {};
  uint16_t row_bytes[16] = {};
  uint8_t rows[16] = {};

  void Set(size_t tile, size_t tall, size_t bytes) {
    rows[tile] = static_cast<uint8_t>(tall);
    row_bytes[tile] = static_cast<uint16_t>(bytes);
  }
};

/// The columns of a strip that are unpacked.
struct Unpacked {
  alignas(64) std::byte lines[kUnpackedColumns / 4][kLine];

  /// The compiler does not see that tiles are loaded from here.
  void Publish() const { asm volatile("" : : "r"(lines) : "memory"); }
};

/// One strip's product with all rows.
struct Strip {
  StripTask task;
  size_t rows;

  const std::byte* q(size_t row, size_t column) const {
    return task.rows + row * task.row_bytes + QuantizedRow::kHead + column;
  }
  float* y(size_t row) const { return task.y + row * task.y_stride; }
};

struct Q8 {
  // Tiles 0 to 3: sums of full tiles; 4: their rows; 5: columns; 6, 7: the last rows' sums, rows.
  static void Shapes(size_t tail, TileShapes* shapes) {
    for (size_t tile = 0; tile < 6; ++tile) shapes->Set(tile, kTall, kLine);
    if (tail == 0) return;
    shapes->Set(6, tail, kLine);
    shapes->Set(7, tail, kLine);
  }

  static void Run(const Strip& strip, Unpacked* unpacked) {
    const size_t k = strip.task.k;
    for (size_t begin = 0; begin < k; begin += kUnpackedColumns) {
      const Range range = {begin, std::min(begin + kUnpackedColumns, k), k};
      Unpack(strip.task, range, unpacked);
      size_t row = 0;
      for (; row + 4 * kTall <= strip.rows; row += 4 * kTall) Four(strip, row, range, *unpacked);
      for (; row + kTall <= strip.rows; row += kTall) One(strip, row, range, *unpacked);
      if (row < strip.rows) Last(strip, row, range, *unpacked);
    }
  }

  /// The columns that are unpacked, of `all`.
  struct Range {
    size_t begin, end, all;
  };

  /// Whole tiles: zeros behind the last column.
  static void Unpack(const StripTask& task, const Range& range, Unpacked* unpacked) {
    const std::byte* from = task.strip + kStripHead + range.begin / kStepColumns * kStepBytes;
    const size_t steps = StepsOf(range.end - range.begin);
    // The strip behind this one comes to the second-level cache while this one is multiplied.
    const size_t next = StripBytes(Panel::kQ8, task.k);
    for (size_t i = 0; i < steps; ++i, from += kStepBytes) {
      const __m512i a = Load(from), b = Load(from + 64);
      Fetch<kStepBytes, 2>(from + next);
      _mm512_store_si512(unpacked->lines[2 * i], Evens(a, b));
      _mm512_store_si512(unpacked->lines[2 * i + 1], Odds(a, b));
    }
    for (size_t line = 2 * steps; line % kTall != 0; ++line) {
      _mm512_store_si512(unpacked->lines[line], _mm512_setzero_si512());
    }
    unpacked->Publish();
  }

  // The rows' bytes that a tile reads beyond the last column are the row's own and meet zeros:
  // QuantizedBytes is a multiple of 64.
  static void Four(const Strip& strip, size_t row, const Range& range, const Unpacked& unpacked) {
    const size_t x_stride = strip.task.row_bytes;
    alignas(64) int32_t sums[4 * kTall][kStripRows];
    Begin(strip, row, 4 * kTall, range, sums);
    _tile_loadd(0, sums[0], kLine);
    _tile_loadd(1, sums[kTall], kLine);
    _tile_loadd(2, sums[2 * kTall], kLine);
    _tile_loadd(3, sums[3 * kTall], kLine);
    for (size_t column = range.begin; column < range.end; column += kLine) {
      _tile_loadd(5, unpacked.lines[(column - range.begin) / 4], kLine);
      _tile_loadd(4, strip.q(row, column), x_stride);
      _tile_dpbssd(0, 4, 5);
      _tile_loadd(4, strip.q(row + kTall, column), x_stride);
      _tile_dpbssd(1, 4, 5);
      _tile_loadd(4, strip.q(row + 2 * kTall, column), x_stride);
      _tile_dpbssd(2, 4, 5);
      _tile_loadd(4, strip.q(row + 3 * kTall, column), x_stride);
      _tile_dpbssd(3, 4, 5);
    }
    _tile_stored(0, sums[0], kLine);
    _tile_stored(1, sums[kTall], kLine);
    _tile_stored(2, sums[2 * kTall], kLine);
    _tile_stored(3, sums[3 * kTall], kLine);
    End(strip, row, 4 * kTall, range, sums);
  }

  static void One(const Strip& strip, size_t row, const Range& range, const Unpacked& unpacked) {
    alignas(64) int32_t sums[kTall][kStripRows];
    Begin(strip, row, kTall, range, sums);
    _tile_loadd(0, sums, kLine);
    for (size_t column = range.begin; column < range.end; column += kLine) {
      _tile_loadd(5, unpacked.lines[(column - range.begin) / 4], kLine);
      _tile_loadd(4, strip.q(row, column), strip.task.row_bytes);
      _tile_dpbssd(0, 4, 5);
    }
    _tile_stored(0, sums, kLine);
    End(strip, row, kTall, range, sums);
  }

  static void Last(const Strip& strip, size_t row, const Range& range, const Unpacked& unpacked) {
    alignas(64) int32_t sums[kTall][kStripRows];
    Begin(strip, row, strip.rows - row, range, sums);
    _tile_loadd(6, sums, kLine);
    for (size_t column = range.begin; column < range.end; column += kLine) {
      _tile_loadd(5, unpacked.lines[(column - range.begin) / 4], kLine);
      _tile_loadd(7, strip.q(row, column), strip.task.row_bytes);
      _tile_dpbssd(6, 7, 5);
    }
    _tile_stored(6, sums, kLine);
    End(strip, row, strip.rows - row, range, sums);
  }

  /// What the sums begin with: between ranges they lie in y.
  static QUANTA_INLINE void Begin(const Strip& strip, size_t row, size_t rows, const Range& range,
                                  int32_t (*sums)[kStripRows]) {
    for (size_t r = 0; r < rows; ++r) {
      _mm512_store_si512(sums[r],
                         range.begin == 0 ? _mm512_setzero_si512() : Load(strip.y(row + r)));
    }
    asm volatile("" : : "r"(sums) : "memory");  // as in Publish
  }

  static QUANTA_INLINE void End(const Strip& strip, size_t row, size_t rows, const Range& range,
                                const int32_t (*sums)[kStripRows]) {
    const StripTask& task = strip.task;
    const std::byte* scales = task.strip + kStripHead + StepsOf(task.k) * kStepBytes;
    for (size_t r = 0; r < rows; ++r) {
      float* y = strip.y(row + r);
      if (range.end != range.all) {
        _mm512_storeu_si512(y, Load(sums[r]));
        continue;
      }
      const QuantizedRow& x = task.row(row + r);
      const __m512i zero = _mm512_mullo_epi32(_mm512_set1_epi32(x.zero_point), Load(task.strip));
      const __m512 sum = _mm512_cvtepi32_ps(_mm512_add_epi32(Load(sums[r]), zero));
      const __m512 scaled = _mm512_mul_ps(sum, _mm512_set1_ps(x.scale));
      _mm512_storeu_ps(y, _mm512_mul_ps(scaled, _mm512_loadu_ps(scales)));
    }
  }
};

struct Q4 {
  static constexpr size_t kLines = kGroupColumns / 4;  ///< of a group, unpacked

  // By turns, so that a group's sums are on their way to memory while the next are made: tiles
  // 0, 1: sums; 2, 3: rows; 4, 5: columns. 6, 7: the last rows' sums, rows.
  static void Shapes(size_t tail, TileShapes* shapes) {
    for (const size_t turn : {0, 1}) {
      shapes->Set(turn, kTall, kLine);
      shapes->Set(2 + turn, kTall, kGroupColumns);
      shapes->Set(4 + turn, kLines, kLine);
    }
    if (tail == 0) return;
    shapes->Set(6, tail, kLine);
    shapes->Set(7, tail, kGroupColumns);
  }

  static void Run(const Strip& strip, Unpacked* unpacked) {
    const size_t groups = GroupsOf(strip.task.k);
    constexpr size_t kMost = kUnpackedColumns / kGroupColumns;
    for (size_t begin = 0; begin < groups; begin += kMost) {
      const Range range = {begin, std::min(begin + kMost, groups), groups};
      Unpack(strip.task, range, unpacked);
      size_t row = 0;
      for (; row + kTall <= strip.rows; row += kTall) Full(strip, row, range, *unpacked);
      if (row < strip.rows) Last(strip, row, range, *unpacked);
    }
  }

  /// The groups that are unpacked, of `all`.
  struct Range {
    size_t begin, end, all;
  };

  static const std::byte* Group(const StripTask& task, size_t group) {
    return task.strip + kStripHead + group * kGroupBytes;
  }

  static QUANTA_INLINE __m512i Signed(__m512i nibbles) {
    return _mm512_sub_epi8(nibbles, _mm512_set1_epi8(8));
  }

  static void Unpack(const StripTask& task, const Range& range, Unpacked* unpacked) {
    const size_t next = StripBytes(Panel::kQ4, task.k);
    for (size_t g = range.begin; g < range.end; ++g) {
      const std::byte* from = Group(task, g);
      Fetch<kGroupBytes, 2>(from + next);
      std::byte(*lines)[kLine] = unpacked->lines + (g - range.begin) * kLines;
      for (size_t half = 0; half < 2; ++half, from += 128, lines += 4) {
        const __m512i a = Load(from), b = Load(from + 64);
        const __m512i first = Evens(a, b), second = Odds(a, b);
        _mm512_store_si512(lines[0], Signed(LowNibbles(first)));
        _mm512_store_si512(lines[1], Signed(LowNibbles(second)));
        _mm512_store_si512(lines[2], Signed(HighNibbles(first)));
        _mm512_store_si512(lines[3], Signed(HighNibbles(second)));
      }
    }
    unpacked->Publish();
  }

  using Sums = int32_t[kTall][kStripRows];

  // Between ranges a row's sum, in sixteenths as the scales are, lies in y.
  static QUANTA_INLINE __m512 Begin(const Strip& strip, size_t row, const Range& range) {
    if (range.begin != 0) return _mm512_loadu_ps(strip.y(row));
    const float sixteenth = static_cast<float>(strip.task.row(row).zero_point) * 0.0625f;
    return _mm512_mul_ps(_mm512_set1_ps(sixteenth), _mm512_loadu_ps(strip.task.strip));
  }
  static QUANTA_INLINE void End(const Strip& strip, size_t row, const Range& range, __m512 f) {
    if (range.end == range.all) {
      f = _mm512_mul_ps(f, _mm512_set1_ps(16 * strip.task.row(row).scale));
    }
    _mm512_storeu_ps(strip.y(row), f);
  }

  static QUANTA_INLINE void Add(const Sums& sums, __m512 scales, __m512 (&f)[kTall]) {
#pragma GCC unroll 16
    for (size_t r = 0; r < kTall; ++r) {
      f[r] = _mm512_fmadd_ps(_mm512_cvtepi32_ps(Load(sums[r])), scales, f[r]);
    }
  }

  /// The sums of group g, and of the next one of the range if there is one.
  static QUANTA_INLINE void Multiply(const Strip& strip, size_t row, size_t g, const Range& range,
                                     const Unpacked& unpacked, Sums* sums) {
    const std::byte* q = strip.q(row, g * kGroupColumns);
    const std::byte(*lines)[kLine] = unpacked.lines + (g - range.begin) * kLines;
    _tile_loadd(4, lines, kLine);
    _tile_loadd(2, q, strip.task.row_bytes);
    _tile_zero(0);
    _tile_dpbssd(0, 2, 4);
    if (g + 1 < range.end) {
      _tile_loadd(5, lines + kLines, kLine);
      _tile_loadd(3, q + kGroupColumns, strip.task.row_bytes);
      _tile_zero(1);
      _tile_dpbssd(1, 3, 5);
      _tile_stored(1, sums[1], kLine);
    }
    _tile_stored(0, sums[0], kLine);
  }

  static void Full(const Strip& strip, size_t row, const Range& range, const Unpacked& unpacked) {
    // A pair of groups is multiplied while the one before is added up: what a tile stores
    // takes a while to be there.
    alignas(64) Sums sums[4];
    __m512 f[kTall];
#pragma GCC unroll 16
    for (size_t r = 0; r < kTall; ++r) f[r] = Begin(strip, row + r, range);
    size_t turn = 0;
    Multiply(strip, row, range.begin, range, unpacked, sums);
    for (size_t g = range.begin; g < range.end; g += 2, turn ^= 2) {
      if (g + 2 < range.end) Multiply(strip, row, g + 2, range, unpacked, sums + (turn ^ 2));
      Add(sums[turn], Scales(Group(strip.task, g)), f);
      if (g + 1 < range.end) Add(sums[turn + 1], Scales(Group(strip.task, g + 1)), f);
    }
#pragma GCC unroll 16
    for (size_t r = 0; r < kTall; ++r) End(strip, row + r, range, f[r]);
  }

  static void Last(const Strip& strip, size_t row, const Range& range, const Unpacked& unpacked) {
    alignas(64) Sums sums;
    __m512 f[kTall];
    const size_t rows = strip.rows - row;
    for (size_t r = 0; r < rows; ++r) f[r] = Begin(strip, row + r, range);
    for (size_t g = range.begin; g < range.end; ++g) {
      _tile_loadd(4, unpacked.lines[(g - range.begin) * kLines], kLine);
      _tile_loadd(7, strip.q(row, g * kGroupColumns), strip.task.row_bytes);
      _tile_zero(6);
      _tile_dpbssd(6, 7, 4);
      _tile_stored(6, sums, kLine);
      const __m512 scales = Scales(Group(strip.task, g));
      for (size_t r = 0; r < rows; ++r) {
        f[r] = _mm512_fmadd_ps(_mm512_cvtepi32_ps(Load(sums[r])), scales, f[r]);
      }
    }
    for (size_t r = 0; r < rows; ++r) End(strip, row + r, range, f[r]);
  }
};

/// Columns [begin, end), which may be none.
template <void (*MatMul)(const MatMulTile&)>
void Part(MatMulTile tile, size_t begin, size_t end) {
  if (begin == end) return;
  tile.begin = static_cast<uint32_t>(begin);
  tile.end = static_cast<uint32_t>(end);
  MatMul(tile);
}

/// KernelTable::matmul; `Few`: the same for few rows and for parts of strips.
template <class Kernel, void (*Few)(const MatMulTile&)>
void MatMul(const MatMulTile& tile) {
  const size_t begin = (size_t{tile.begin} + kStripRows - 1) / kStripRows * kStripRows;
  const size_t end = tile.end / kStripRows * kStripRows;
  if (tile.rows < kFewRows || begin >= end) return Few(tile);
  Part<Few>(tile, tile.begin, begin);
  TileShapes shapes;
  Kernel::Shapes(tile.rows % kTall, &shapes);
  _tile_loadconfig(&shapes);
  Unpacked unpacked;
  for (size_t j = begin; j < end; j += kStripRows) {
    Kernel::Run({{StripOf(*tile.w, j), tile.w->k, tile.quantized, QuantizedBytes(tile.w->k),
                  tile.y + j, tile.y_stride},
                 tile.rows},
                &unpacked);
  }
  _tile_release();  // else the system keeps saving 8 KiB of tiles
  AddBias(tile, begin, end);
  Part<Few>(tile, end, tile.end);
}

}  // namespace
}  // namespace quanta::kernels
QUANTA_TARGET_END

namespace quanta::kernels {

void MatMulQ8Amx(const MatMulTile& tile) { MatMul<Q8, MatMulQ8Vnni>(tile); }
void MatMulQ4Amx(const MatMulTile& tile) { MatMul<Q4, MatMulQ4Vnni>(tile); }

bool EnableAmx() {
  unsigned a = 0, b = 0, c = 0, d = 0;
  if (!HasAvx512Vnni() || __get_cpuid_count(7, 0, &a, &b, &c, &d) == 0) return false;
  constexpr unsigned kTile = 1u << 24, kInt8 = 1u << 25;
  if ((d & kTile) == 0 || (d & kInt8) == 0) return false;
  // Linux gives tiles to processes that ask (Documentation/arch/x86/xstate.rst).
  constexpr long kRequest = 0x1023, kTileData = 18;
  return syscall(SYS_arch_prctl, kRequest, kTileData) == 0;
}

}  // namespace quanta::kernels
#elif defined(__x86_64__)
#include "runtime/kernels/quant/kernels_x86.h"
namespace quanta::kernels {
void MatMulQ8Amx(const MatMulTile& tile) { MatMulQ8Vnni(tile); }
void MatMulQ4Amx(const MatMulTile& tile) { MatMulQ4Vnni(tile); }
bool EnableAmx() { return false; }
}  // namespace quanta::kernels
#endif
