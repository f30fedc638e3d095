// SPDX-License-Identifier: MIT
#if defined(__x86_64__)
#include "runtime/kernels/quant/avx512_vnni-inl.h"
#include "runtime/kernels/quant/kernels_x86.h"

QUANTA_TARGET_BEGIN("avx512f,avx512bw,avx512vl,avx512vnni")
namespace quanta::kernels {
namespace {

using namespace avx512;

// Sums of q4 are kept as sixteenths, as the scales are.
QUANTA_INLINE __m512 FirstTerm(const std::byte* strip, const QuantizedRow& row) {
  const float sixteenth = static_cast<float>(row.zero_point) * 0.0625f;
  return _mm512_mul_ps(_mm512_set1_ps(sixteenth), _mm512_loadu_ps(strip));
}

/// One row. (More streams brought nothing.)
using Q4Order = SideBySide<6, 1536>;
/// What some rows fetch ahead of their strip, in bytes.
constexpr size_t kRowsAhead = 4096;

struct Q4 {
  static constexpr size_t kRows = 12;

  template <class Fetching, size_t kCount>
  static void RunStrips(const StripTask& task, size_t strip_bytes) {
    const QuantizedRow& row = task.row(0);
    const int8_t* q = row.q();
    const int32_t* offsets = row.offsets(task.k);
    const size_t groups = GroupsOf(task.k);
    const std::byte* from = task.strip;
    const size_t jump = (kCount - 1) * strip_bytes;  // over the other strips
    __m512 f[kCount];
#pragma GCC unroll 8
    for (size_t s = 0; s < kCount; ++s) f[s] = FirstTerm(from + s * strip_bytes, row);
    from += kStripHead;
    for (size_t g = 0; g < groups; ++g, q += kGroupColumns, from += kGroupBytes) {
      const __m512i x0 = Broadcast8(q), x1 = Broadcast8(q + 8), x2 = Broadcast8(q + 16),
                    x3 = Broadcast8(q + 24);
      // Into one of each column's two sums.
      const __m512i offset = _mm512_maskz_set1_epi32(0x5555, offsets[g]);
#pragma GCC unroll 8
      for (size_t s = 0; s < kCount; ++s) {
        const std::byte* group = from + s * strip_bytes;
        Fetching::template FetchAhead<kGroupBytes>(group, (groups - g) * kGroupBytes, jump);
        const __m512i v = Load(group), w = Load(group + 64);
        const __m512i v2 = Load(group + 128), w2 = Load(group + 192);
        __m512i a = _mm512_dpbusd_epi32(offset, LowNibbles(v), x0);
        __m512i b = _mm512_dpbusd_epi32(offset, LowNibbles(w), x0);
        a = _mm512_dpbusd_epi32(a, HighNibbles(v), x1);
        b = _mm512_dpbusd_epi32(b, HighNibbles(w), x1);
        a = _mm512_dpbusd_epi32(a, LowNibbles(v2), x2);
        b = _mm512_dpbusd_epi32(b, LowNibbles(w2), x2);
        a = _mm512_dpbusd_epi32(a, HighNibbles(v2), x3);
        b = _mm512_dpbusd_epi32(b, HighNibbles(w2), x3);
        const __m512 sum = _mm512_cvtepi32_ps(AddPairs(a, b));
        f[s] = _mm512_fmadd_ps(sum, Scales(group), f[s]);
      }
    }
#pragma GCC unroll 8
    for (size_t s = 0; s < kCount; ++s) {
      _mm512_storeu_ps(task.y + s * kStripRows,
                       _mm512_mul_ps(f[s], _mm512_set1_ps(16 * row.scale)));
    }
  }

  /// A group as 16 columns of 4 bytes, for columns 4 i of the matrix on.
  static QUANTA_INLINE void Unpack(const std::byte* from, __m512i (&w)[8]) {
    for (size_t half = 0; half < 2; ++half) {
      const __m512i a = Load(from + half * 128);
      const __m512i b = Load(from + half * 128 + 64);
      const __m512i first = Evens(a, b);
      const __m512i second = Odds(a, b);
      w[half * 4] = LowNibbles(first);
      w[half * 4 + 1] = LowNibbles(second);
      w[half * 4 + 2] = HighNibbles(first);
      w[half * 4 + 3] = HighNibbles(second);
    }
  }

  template <size_t kCount>
  static void Run(const StripTask& task) {
    const std::byte* from = task.strip + kStripHead;
    const size_t groups = GroupsOf(task.k);
    const int8_t* q = task.row(0).q();
    const int32_t* offsets = task.row(0).offsets(task.k);
    __m512 f[kCount];
#pragma GCC unroll 16
    for (size_t r = 0; r < kCount; ++r) f[r] = FirstTerm(task.strip, task.row(r));
    for (size_t g = 0; g < groups; ++g, q += kGroupColumns, ++offsets, from += kGroupBytes) {
      Fetch<kGroupBytes, 3>(from + kRowsAhead);
      __m512i w[8];
      Unpack(from, w);
      const __m512 scales = Scales(from);
#pragma GCC unroll 16
      for (size_t r = 0; r < kCount; ++r) {
        const int8_t* x = q + r * task.row_bytes;
        __m512i sum = Broadcast4(reinterpret_cast<const int8_t*>(offsets) + r * task.row_bytes);
#pragma GCC unroll 8
        for (size_t i = 0; i < 8; ++i) sum = _mm512_dpbusd_epi32(sum, w[i], Broadcast4(x + 4 * i));
        f[r] = _mm512_fmadd_ps(_mm512_cvtepi32_ps(sum), scales, f[r]);
      }
    }
#pragma GCC unroll 16
    for (size_t r = 0; r < kCount; ++r) {
      const __m512 y = _mm512_mul_ps(f[r], _mm512_set1_ps(16 * task.row(r).scale));
      _mm512_storeu_ps(task.y + r * task.y_stride, y);
    }
  }
};

/// Many rows of q4: their floats lie in y from block to block.
struct Q4Pair {
  using Sum = __m512;

  static QUANTA_INLINE void Unpack(const PairTask& task, size_t g) {
#pragma GCC unroll 2
    for (size_t s = 0; s < kPair; ++s) {
      const std::byte* from = task.strip(s) + kStripHead + (task.group + g) * kGroupBytes;
      __m512i w[kQuads];
      Q4::Unpack(from, w);
#pragma GCC unroll 8
      for (size_t i = 0; i < kQuads; ++i) _mm512_store_si512(task.block->quads[g][i][s], w[i]);
      _mm512_store_ps(task.block->scales[g][s], Scales(from));
    }
  }

  template <size_t kCount>
  static QUANTA_INLINE void Begin(const PairTask& task, __m512 (&f)[kCount][kPair]) {
#pragma GCC unroll 8
    for (size_t r = 0; r < kCount; ++r) {
      f[r][0] = FirstTerm(task.strip(0), task.row(r));
      f[r][1] = FirstTerm(task.strip(1), task.row(r));
    }
  }

  template <size_t kCount>
  static QUANTA_INLINE void Add(const PairTask& task, size_t g, const int8_t* q,
                                const int32_t* offsets, __m512 (&f)[kCount][kPair]) {
    __m512i sum[kCount][kPair];
#pragma GCC unroll 8
    for (size_t r = 0; r < kCount; ++r) {
      sum[r][0] = sum[r][1] =
          Broadcast4(reinterpret_cast<const int8_t*>(offsets) + r * task.row_bytes);
    }
    AddGroup<kCount>(task, g, q, sum);
#pragma GCC unroll 2
    for (size_t s = 0; s < kPair; ++s) {
      const __m512 scales = _mm512_load_ps(task.block->scales[g][s]);
#pragma GCC unroll 8
      for (size_t r = 0; r < kCount; ++r) {
        f[r][s] = _mm512_fmadd_ps(_mm512_cvtepi32_ps(sum[r][s]), scales, f[r][s]);
      }
    }
  }

  template <size_t kCount>
  static QUANTA_INLINE void Finish(const PairTask& task, __m512 (&f)[kCount][kPair]) {
#pragma GCC unroll 8
    for (size_t r = 0; r < kCount; ++r) {
      const __m512 scale = _mm512_set1_ps(16 * task.row(r).scale);
      _mm512_storeu_ps(task.out(r, 0), _mm512_mul_ps(f[r][0], scale));
      _mm512_storeu_ps(task.out(r, 1), _mm512_mul_ps(f[r][1], scale));
    }
  }
};

}  // namespace
}  // namespace quanta::kernels
QUANTA_TARGET_END

namespace quanta::kernels {

void MatMulQ4Vnni(const MatMulTile& tile) { avx512::MatMul<Q4, Q4Pair, Q4Order>(tile); }
void MatMulQ4VnniZen(const MatMulTile& tile) {
  avx512::MatMul<Q4, Q4Pair, OneByOne<0, 8192>>(tile);
}

}  // namespace quanta::kernels
#endif
