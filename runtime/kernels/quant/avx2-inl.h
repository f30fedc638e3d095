// SPDX-License-Identifier: MIT
#pragma once

/// Products with q8 and q4 weights by vectors of 256 bits: include it in sources for x86-64 only.
///
/// Both instruction sets multiply unsigned by signed bytes; `Dots` is what differs:
///   Add(sum, w, x): products of unsigned bytes w; of nibbles as q + 8, sums hold a group's
///   NibbleSums(sum): the sums of a group's nibbles as 32 bits
///   Bytes(w): q8 weights as bytes for AddBytes, by kExcess more than they were
///   AddBytes(sum, w, x): products of those, as 32 bits
///   kTileRows: of Q4Unpacked, as many as the registers have room for
///
/// One row and few: a vector holds 4 columns of 8 bytes. vphaddd of two gives the columns 0 1 4 5 2
/// 3 6 7; sums stay in that order until they are stored.
/// Many rows: a strip is unpacked to two vectors of 8 columns by 4 bytes for each four columns of
/// the matrix, so that a sum needs nothing across lanes. q4's floats lie in y.
#include <immintrin.h>

#include "runtime/kernels/quant/drive.h"
#include "runtime/kernels/quant/target.h"
#include "runtime/kernels/quant/unpacked.h"

QUANTA_TARGET_BEGIN("avx2,fma")
namespace quanta::kernels::avx2 {

QUANTA_INLINE __m256i Load(const std::byte* from) {
  return _mm256_loadu_si256(reinterpret_cast<const __m256i*>(from));
}
QUANTA_INLINE void Store(std::byte* to, __m256i v) {
  _mm256_storeu_si256(reinterpret_cast<__m256i*>(to), v);
}
QUANTA_INLINE __m256 LoadFloats(const std::byte* from) {
  return _mm256_loadu_ps(reinterpret_cast<const float*>(from));
}
QUANTA_INLINE __m256i Broadcast8(const int8_t* from) {
  long long bits;
  __builtin_memcpy(&bits, from, sizeof(bits));
  return _mm256_set1_epi64x(bits);
}
QUANTA_INLINE __m256i Broadcast4(const int8_t* from) {
  int32_t bits;
  __builtin_memcpy(&bits, from, sizeof(bits));
  return _mm256_set1_epi32(bits);
}

/// Swaps the middle quarters: columns in order to 0 1 4 5 2 3 6 7, and back.
QUANTA_INLINE __m256i Reorder(__m256i v) { return _mm256_permute4x64_epi64(v, 0xD8); }
QUANTA_INLINE __m256 Reorder(__m256 v) {
  return _mm256_castsi256_ps(Reorder(_mm256_castps_si256(v)));
}

/// Of two vectors of 4 columns by 8 bytes, 8 columns by the first (second) 4.
QUANTA_INLINE __m256i FirstFours(__m256i a, __m256i b) {
  return Reorder(
      _mm256_castps_si256(_mm256_shuffle_ps(_mm256_castsi256_ps(a), _mm256_castsi256_ps(b), 0x88)));
}
QUANTA_INLINE __m256i SecondFours(__m256i a, __m256i b) {
  return Reorder(
      _mm256_castps_si256(_mm256_shuffle_ps(_mm256_castsi256_ps(a), _mm256_castsi256_ps(b), 0xDD)));
}

/// Nibbles as q + 8, of bytes whose upper bits of both are flipped.
QUANTA_INLINE __m256i Flipped(const std::byte* from) {
  return _mm256_xor_si256(Load(from), _mm256_set1_epi8(-0x78));
}
QUANTA_INLINE __m256i LowNibbles(__m256i flipped) {
  return _mm256_and_si256(flipped, _mm256_set1_epi8(0x0F));
}
QUANTA_INLINE __m256i HighNibbles(__m256i flipped) {
  return LowNibbles(_mm256_srli_epi16(flipped, 4));
}

/// 8 bfloat16.
QUANTA_INLINE __m256i WidenScales(const std::byte* from) {
  const __m128i bits = _mm_loadu_si128(reinterpret_cast<const __m128i*>(from));
  return _mm256_slli_epi32(_mm256_cvtepu16_epi32(bits), 16);
}

// Sums of q4 are kept as sixteenths, as the scales are.
QUANTA_INLINE __m256 FirstTerm(const std::byte* sums, const QuantizedRow& row) {
  const float sixteenth = static_cast<float>(row.zero_point) * 0.0625f;
  return _mm256_mul_ps(_mm256_set1_ps(sixteenth), LoadFloats(sums));
}

QUANTA_INLINE int32_t OffsetOf(const int32_t* offsets, size_t row, size_t row_bytes) {
  int32_t offset;
  __builtin_memcpy(&offset, reinterpret_cast<const std::byte*>(offsets) + row * row_bytes,
                   sizeof(offset));
  return offset;
}

/// More rows than one take a strip's columns in halves: the registers have no room for more.
inline constexpr size_t kHalfStrip = 8;
/// The first half fetches what both take, so many bytes ahead.
inline constexpr size_t kRowsAhead = 8192;

/// One row. More strips' sums than the registers hold go through the first-level cache, which costs
/// less than what further streams from memory bring.
using Q4Order = SideBySide<4, 2048>;
using Q8Order = SideBySide<6, 1536>;

/// Kernel of StripDriver and RowDriver.
template <class Dots>
struct Q4Strip {
  static constexpr size_t kRows = 4;

  template <size_t kCount>
  static void Run(const StripTask& task) {
    for (const size_t column : {size_t{0}, kHalfStrip}) {
      __m256 f[kCount][1];
#pragma GCC unroll 4
      for (size_t r = 0; r < kCount; ++r) Begin(task.strip, column, task.row(r), f[r]);
      const int8_t* q = task.row(0).q();
      const int32_t* offsets = task.row(0).offsets(task.k);
      const std::byte* from = task.strip + kStripHead;
      for (size_t g = GroupsOf(task.k); g > 0; --g, q += kGroupColumns, from += kGroupBytes) {
        if (column == 0) Fetch<kGroupBytes, 2>(from + kRowsAhead);
        AddGroup(from, column, q, offsets++, task.row_bytes, f);
      }
#pragma GCC unroll 4
      for (size_t r = 0; r < kCount; ++r) {
        Finish(f[r], task.row(r), task.y + r * task.y_stride + column);
      }
    }
  }

  template <class Fetching, size_t kStrips>
  static void RunStrips(const StripTask& task, size_t strip_bytes) {
    const QuantizedRow& row = task.row(0);
    const size_t jump = (kStrips - 1) * strip_bytes;
    __m256 f[kStrips][1][2];
#pragma GCC unroll 8
    for (size_t s = 0; s < kStrips; ++s) Begin(task.strip + s * strip_bytes, 0, row, f[s][0]);
    const int8_t* q = row.q();
    const int32_t* offsets = row.offsets(task.k);
    const std::byte* from = task.strip + kStripHead;
    for (size_t g = GroupsOf(task.k); g > 0; --g, q += kGroupColumns, from += kGroupBytes) {
#pragma GCC unroll 8
      for (size_t s = 0; s < kStrips; ++s) {
        const std::byte* group = from + s * strip_bytes;
        Fetching::template FetchAhead<kGroupBytes>(group, g * kGroupBytes, jump);
        AddGroup(group, 0, q, offsets, 0, f[s]);
      }
      ++offsets;
    }
#pragma GCC unroll 8
    for (size_t s = 0; s < kStrips; ++s) Finish(f[s][0], row, task.y + s * kStripRows);
  }

 private:
  /// Of kEights times eight columns of a strip, from `column` on.
  template <size_t kEights>
  static QUANTA_INLINE void Begin(const std::byte* strip, size_t column, const QuantizedRow& row,
                                  __m256 (&f)[kEights]) {
#pragma GCC unroll 2
    for (size_t e = 0; e < kEights; ++e) {
      f[e] = Reorder(FirstTerm(strip + (column + e * 8) * sizeof(float), row));
    }
  }

  /// Adds a group's products with kCount rows.
  template <size_t kCount, size_t kEights>
  static QUANTA_INLINE void AddGroup(const std::byte* group, size_t column, const int8_t* q,
                                     const int32_t* offsets, size_t row_bytes,
                                     __m256 (&f)[kCount][kEights]) {
    __m256i sums[kCount][kEights * 2];
#pragma GCC unroll 4
    for (size_t r = 0; r < kCount; ++r) {
#pragma GCC unroll 4
      for (size_t c = 0; c < kEights * 2; ++c) sums[r][c] = _mm256_setzero_si256();
    }
#pragma GCC unroll 2
    for (size_t half = 0; half < 2; ++half) {
#pragma GCC unroll 4
      for (size_t c = 0; c < kEights * 2; ++c) {
        const __m256i v = Flipped(group + half * 128 + column * 8 + c * 32);
        const __m256i low = LowNibbles(v);
        const __m256i high = HighNibbles(v);
#pragma GCC unroll 4
        for (size_t r = 0; r < kCount; ++r) {
          const int8_t* x = q + r * row_bytes + half * 16;
          sums[r][c] = Dots::Add(sums[r][c], low, Broadcast8(x));
          sums[r][c] = Dots::Add(sums[r][c], high, Broadcast8(x + 8));
        }
      }
    }
#pragma GCC unroll 2
    for (size_t e = 0; e < kEights; ++e) {
      const std::byte* bits = group + kNibbleBytes + (column + e * 8) * 2;
      const __m256 scales = _mm256_castsi256_ps(Reorder(WidenScales(bits)));
#pragma GCC unroll 4
      for (size_t r = 0; r < kCount; ++r) {
        const __m256i both = _mm256_hadd_epi32(Dots::NibbleSums(sums[r][2 * e]),
                                               Dots::NibbleSums(sums[r][2 * e + 1]));
        const __m256i offset = _mm256_set1_epi32(OffsetOf(offsets, r, row_bytes));
        const __m256 all = _mm256_cvtepi32_ps(_mm256_add_epi32(both, offset));
        f[r][e] = _mm256_fmadd_ps(all, scales, f[r][e]);
      }
    }
  }

  template <size_t kEights>
  static QUANTA_INLINE void Finish(const __m256 (&f)[kEights], const QuantizedRow& row, float* y) {
    const __m256 scale = _mm256_set1_ps(16 * row.scale);
#pragma GCC unroll 2
    for (size_t e = 0; e < kEights; ++e) {
      _mm256_storeu_ps(y + e * 8, Reorder(_mm256_mul_ps(f[e], scale)));
    }
  }
};

/// What eight integer sums of q8 give, of weights that were kExcess too much; `columns`: the
/// strip's sums, from the first of them on.
template <int32_t kExcess>
QUANTA_INLINE __m256 FinishQ8(__m256i sum, const QuantizedRow& row, const std::byte* columns,
                              const std::byte* scales) {
  const __m256i zero = _mm256_mullo_epi32(_mm256_set1_epi32(row.zero_point), Load(columns));
  sum = _mm256_sub_epi32(sum, _mm256_set1_epi32(kExcess * row.sum));
  const __m256 all = _mm256_cvtepi32_ps(_mm256_add_epi32(sum, zero));
  return _mm256_mul_ps(_mm256_mul_ps(all, _mm256_set1_ps(row.scale)), LoadFloats(scales));
}

/// Kernel of StripDriver and RowDriver.
template <class Dots>
struct Q8Strip {
  static constexpr size_t kRows = 4;

  template <size_t kCount>
  static void Run(const StripTask& task) {
    for (const size_t column : {size_t{0}, kHalfStrip}) {
      __m256i sum[kCount][2];
#pragma GCC unroll 4
      for (size_t r = 0; r < kCount; ++r) sum[r][0] = sum[r][1] = _mm256_setzero_si256();
      const int8_t* q = task.row(0).q();
      const std::byte* from = task.strip + kStripHead + column * kStepColumns;
      for (size_t i = StepsOf(task.k); i > 0; --i, q += kStepColumns, from += kStepBytes) {
        if (column == 0) Fetch<kStepBytes, 2>(from + kRowsAhead);
        AddStep(from, q, task.row_bytes, sum);
      }
#pragma GCC unroll 4
      for (size_t r = 0; r < kCount; ++r) {
        Finish(sum[r], task.strip, column, task.k, task.row(r), task.y + r * task.y_stride);
      }
    }
  }

  template <class Fetching, size_t kStrips>
  static void RunStrips(const StripTask& task, size_t strip_bytes) {
    const size_t jump = (kStrips - 1) * strip_bytes;
    __m256i sum[kStrips][1][4];
#pragma GCC unroll 8
    for (size_t s = 0; s < kStrips; ++s) {
#pragma GCC unroll 4
      for (size_t c = 0; c < 4; ++c) sum[s][0][c] = _mm256_setzero_si256();
    }
    const int8_t* q = task.row(0).q();
    const std::byte* from = task.strip + kStripHead;
    for (size_t i = StepsOf(task.k); i > 0; --i, q += kStepColumns, from += kStepBytes) {
#pragma GCC unroll 8
      for (size_t s = 0; s < kStrips; ++s) {
        const std::byte* step = from + s * strip_bytes;
        Fetching::template FetchAhead<kStepBytes>(step, i * kStepBytes, jump);
        AddStep(step, q, 0, sum[s]);
      }
    }
#pragma GCC unroll 8
    for (size_t s = 0; s < kStrips; ++s) {
      Finish(sum[s][0], task.strip + s * strip_bytes, 0, task.k, task.row(0),
             task.y + s * kStripRows);
    }
  }

 private:
  /// Adds a step's products with kCount rows, of kFours times four columns.
  template <size_t kCount, size_t kFours>
  static QUANTA_INLINE void AddStep(const std::byte* step, const int8_t* q, size_t row_bytes,
                                    __m256i (&sum)[kCount][kFours]) {
#pragma GCC unroll 4
    for (size_t c = 0; c < kFours; ++c) {
      const __m256i w = Dots::Bytes(Load(step + c * 32));
#pragma GCC unroll 4
      for (size_t r = 0; r < kCount; ++r) {
        sum[r][c] = Dots::AddBytes(sum[r][c], w, Broadcast8(q + r * row_bytes));
      }
    }
  }

  /// y of a strip's columns from `column` on.
  template <size_t kFours>
  static QUANTA_INLINE void Finish(const __m256i (&sum)[kFours], const std::byte* strip,
                                   size_t column, size_t k, const QuantizedRow& row, float* y) {
#pragma GCC unroll 2
    for (size_t e = 0; e < kFours / 2; ++e, column += 8) {
      const std::byte* columns = strip + column * sizeof(int32_t);
      const std::byte* scales = columns + kStripHead + StepsOf(k) * kStepBytes;
      const __m256i all = Reorder(_mm256_hadd_epi32(sum[2 * e], sum[2 * e + 1]));
      _mm256_storeu_ps(y + column, FinishQ8<Dots::kExcess>(all, row, columns, scales));
    }
  }
};

/// Many rows take one strip, of two vectors.
inline constexpr size_t kHalves = 2;
using Block = UnpackedBlock<1>;
using Task = UnpackedTask<Block>;

/// sum[r][h] += a group's unpacked bytes times activations of the rows, of the first from q on.
template <class Dots, size_t kCount>
QUANTA_INLINE void AddQuads(const Task& task, size_t g, const int8_t* q,
                            __m256i (&sum)[kCount][kHalves]) {
#pragma GCC unroll 8
  for (size_t i = 0; i < kQuads; ++i) {
    const std::byte* quad = task.block->quads[g][i][0];
    const __m256i w0 = Load(quad), w1 = Load(quad + 32);
#pragma GCC unroll 8
    for (size_t r = 0; r < kCount; ++r) {
      const __m256i four = Broadcast4(q + r * task.row_bytes + i * kQuad);
      sum[r][0] = Dots::Add(sum[r][0], w0, four);
      sum[r][1] = Dots::Add(sum[r][1], w1, four);
    }
  }
}

/// UnpackedDriver's Kernel.
template <class Dots>
struct Q4Unpacked {
  using Block = avx2::Block;
  static constexpr size_t kTileRows = Dots::kTileRows, kFewRows = kTileRows;

  template <size_t kCount, bool kUnpack>
  static void Run(const Task& given) {
    const Task task = given;  // whose fields no store can change
    if (task.first()) Begin<kCount>(task);
    if constexpr (kUnpack) Unpack(task, 0);
    const int8_t* q = task.q();
    const int32_t* offsets = task.offsets();
    for (size_t g = 0; g < task.groups; ++g, q += kGroupColumns, ++offsets) {
      if (kUnpack && g + 1 < task.groups) Unpack(task, g + 1);
      task.next->Step();
      AddGroup<kCount>(task, g, q, offsets);
    }
    if (task.last()) Finish<kCount>(task);
  }

 private:
  static QUANTA_INLINE void Unpack(const Task& task, size_t g) {
    const std::byte* from = task.strip(0) + kStripHead + (task.group + g) * kGroupBytes;
#pragma GCC unroll 2
    for (size_t h = 0; h < kHalves; ++h) {
#pragma GCC unroll 2
      for (size_t half = 0; half < 2; ++half) {
        const __m256i a = Flipped(from + half * 128 + h * 64);
        const __m256i b = Flipped(from + half * 128 + h * 64 + 32);
        const __m256i first = FirstFours(a, b);
        const __m256i second = SecondFours(a, b);
        auto* quads = &task.block->quads[g][half * 4];
        Store(quads[0][0] + h * 32, LowNibbles(first));
        Store(quads[1][0] + h * 32, LowNibbles(second));
        Store(quads[2][0] + h * 32, HighNibbles(first));
        Store(quads[3][0] + h * 32, HighNibbles(second));
      }
      _mm256_store_ps(task.block->scales[g][0] + h * 8,
                      _mm256_castsi256_ps(WidenScales(from + kNibbleBytes + h * 16)));
    }
  }

  template <size_t kCount>
  static QUANTA_INLINE void Begin(const Task& task) {
    for (size_t r = 0; r < kCount; ++r) {
      for (size_t h = 0; h < kHalves; ++h) {
        _mm256_storeu_ps(task.out(r, 0) + h * 8, FirstTerm(task.strip(0) + h * 32, task.row(r)));
      }
    }
  }

  template <size_t kCount>
  static QUANTA_INLINE void AddGroup(const Task& task, size_t g, const int8_t* q,
                                     const int32_t* offsets) {
    __m256i sum[kCount][kHalves];
#pragma GCC unroll 8
    for (size_t r = 0; r < kCount; ++r) sum[r][0] = sum[r][1] = _mm256_setzero_si256();
    AddQuads<Dots, kCount>(task, g, q, sum);
    const float* scales = task.block->scales[g][0];
#pragma GCC unroll 8
    for (size_t r = 0; r < kCount; ++r) {
      const __m256i offset = _mm256_set1_epi32(OffsetOf(offsets, r, task.row_bytes));
#pragma GCC unroll 2
      for (size_t h = 0; h < kHalves; ++h) {
        const __m256i all = _mm256_add_epi32(Dots::NibbleSums(sum[r][h]), offset);
        float* y = task.out(r, 0) + h * 8;
        _mm256_storeu_ps(y, _mm256_fmadd_ps(_mm256_cvtepi32_ps(all), _mm256_load_ps(scales + h * 8),
                                            _mm256_loadu_ps(y)));
      }
    }
  }

  template <size_t kCount>
  static QUANTA_INLINE void Finish(const Task& task) {
    for (size_t r = 0; r < kCount; ++r) {
      const __m256 scale = _mm256_set1_ps(16 * task.row(r).scale);
      for (size_t h = 0; h < kHalves; ++h) {
        float* y = task.out(r, 0) + h * 8;
        _mm256_storeu_ps(y, _mm256_mul_ps(_mm256_loadu_ps(y), scale));
      }
    }
  }
};

/// KernelTable::matmul of q4. Order: how one row goes through the strips.
template <class Dots, class Order>
void MatMulQ4(const MatMulTile& tile) {
  using Strip = Q4Strip<Dots>;
  if (tile.rows == 1) return RowDriver<Strip, Order>::MatMul(tile);
  UnpackedDriver<Q4Unpacked<Dots>, &StripDriver<Strip>::MatMul>::MatMul(tile);
}

}  // namespace quanta::kernels::avx2
QUANTA_TARGET_END
