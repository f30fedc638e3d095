// SPDX-License-Identifier: MIT
#if defined(__x86_64__)
#include "runtime/kernels/quant/avx512_vnni-inl.h"
#include "runtime/kernels/quant/kernels_x86.h"

QUANTA_TARGET_BEGIN("avx512f,avx512bw,avx512vl,avx512vnni")
namespace quanta::kernels {
namespace {

using namespace avx512;

/// One row. More streams than that have no registers.
using Q8Order = SideBySide<12, 512>;
/// Since Zen 5 far ahead past the second level of the cache, before near ahead to it.
using ZenOrder = FasterOf<OneByOne<0, 8192>, OneByOne<2, 2048>>;

struct Q8 {
  static constexpr size_t kRows = 12;

  static QUANTA_INLINE __m512i Unsigned(__m512i v) {
    return _mm512_xor_si512(v, _mm512_set1_epi8(-128));
  }

  /// `sum`: of q (w + 128).
  static QUANTA_INLINE void Store(const std::byte* strip, size_t k, const QuantizedRow& row,
                                  __m512i sum, float* y) {
    const std::byte* scales = strip + kStripHead + StepsOf(k) * kStepBytes;
    const __m512i zero = _mm512_mullo_epi32(_mm512_set1_epi32(row.zero_point), Load(strip));
    sum = _mm512_sub_epi32(sum, _mm512_set1_epi32(128 * row.sum));
    const __m512 scaled =
        _mm512_mul_ps(_mm512_cvtepi32_ps(_mm512_add_epi32(sum, zero)), _mm512_set1_ps(row.scale));
    _mm512_storeu_ps(y, _mm512_mul_ps(scaled, _mm512_loadu_ps(scales)));
  }

  template <class Fetching, size_t kCount>
  static void RunStrips(const StripTask& task, size_t strip_bytes) {
    constexpr size_t kChains = kCount < 4 ? 4 / kCount : 1;  // so many steps of a strip under way
    const size_t jump = (kCount - 1) * strip_bytes;          // over the other strips
    const int8_t* q = task.row(0).q();
    const std::byte* from = task.strip + kStripHead;
    const size_t steps = StepsOf(task.k);
    __m512i a[kCount][kChains], b[kCount][kChains];
#pragma GCC unroll 16
    for (size_t s = 0; s < kCount; ++s) {
#pragma GCC unroll 4
      for (size_t c = 0; c < kChains; ++c) a[s][c] = b[s][c] = _mm512_setzero_si512();
    }
    size_t i = 0;
    for (; i + kChains <= steps; i += kChains) {
#pragma GCC unroll 4
      for (size_t c = 0; c < kChains; ++c) {
        const __m512i x = Broadcast8(q + (i + c) * kStepColumns);
#pragma GCC unroll 16
        for (size_t s = 0; s < kCount; ++s) {
          const std::byte* step = from + s * strip_bytes + (i + c) * kStepBytes;
          Fetching::template FetchAhead<kStepBytes>(step, (steps - i - c) * kStepBytes, jump);
          a[s][c] = _mm512_dpbusd_epi32(a[s][c], Unsigned(Load(step)), x);
          b[s][c] = _mm512_dpbusd_epi32(b[s][c], Unsigned(Load(step + 64)), x);
        }
      }
    }
    for (; i < steps; ++i) {
      const __m512i x = Broadcast8(q + i * kStepColumns);
#pragma GCC unroll 16
      for (size_t s = 0; s < kCount; ++s) {
        const std::byte* step = from + s * strip_bytes + i * kStepBytes;
        a[s][0] = _mm512_dpbusd_epi32(a[s][0], Unsigned(Load(step)), x);
        b[s][0] = _mm512_dpbusd_epi32(b[s][0], Unsigned(Load(step + 64)), x);
      }
    }
#pragma GCC unroll 16
    for (size_t s = 0; s < kCount; ++s) {
#pragma GCC unroll 4
      for (size_t c = 1; c < kChains; ++c) {
        a[s][0] = _mm512_add_epi32(a[s][0], a[s][c]);
        b[s][0] = _mm512_add_epi32(b[s][0], b[s][c]);
      }
      Store(task.strip + s * strip_bytes, task.k, task.row(0), AddPairs(a[s][0], b[s][0]),
            task.y + s * kStripRows);
    }
  }

  template <size_t kCount>
  static void Run(const StripTask& task) {
    const std::byte* from = task.strip + kStripHead;
    const size_t steps = StepsOf(task.k);
    const int8_t* q = task.row(0).q();
    __m512i sum[kCount];
#pragma GCC unroll 16
    for (size_t r = 0; r < kCount; ++r) sum[r] = _mm512_setzero_si512();
    // Few rows wait for what is fetched; more of them are busy for longer than it takes.
    constexpr bool kFew = kCount < 6;
    constexpr size_t kRowsAhead = kFew ? 4096 : 8192;
    for (size_t i = 0; i < steps; ++i, q += kStepColumns, from += kStepBytes) {
      Fetch<kStepBytes, kFew ? 3 : 2>(from + kRowsAhead);
      const __m512i a = Unsigned(Load(from));
      const __m512i b = Unsigned(Load(from + 64));
      const __m512i first = Evens(a, b);
      const __m512i second = Odds(a, b);
#pragma GCC unroll 16
      for (size_t r = 0; r < kCount; ++r) {
        const int8_t* x = q + r * task.row_bytes;
        sum[r] = _mm512_dpbusd_epi32(sum[r], first, Broadcast4(x));
        sum[r] = _mm512_dpbusd_epi32(sum[r], second, Broadcast4(x + 4));
      }
    }
#pragma GCC unroll 16
    for (size_t r = 0; r < kCount; ++r) {
      Store(task.strip, task.k, task.row(r), sum[r], task.y + r * task.y_stride);
    }
  }
};

/// Many rows of q8: their integer sums lie in y from block to block.
struct Q8Pair {
  using Sum = __m512i;

  static QUANTA_INLINE void Unpack(const PairTask& task, size_t g) {
    constexpr size_t kSteps = kGroupColumns / kStepColumns;
    const size_t first = (task.group + g) * kSteps;
    const size_t count = std::min(kSteps, StepsOf(task.k) - first);
#pragma GCC unroll 2
    for (size_t s = 0; s < kPair; ++s) {
      const std::byte* from = task.strip(s) + kStripHead + first * kStepBytes;
#pragma GCC unroll 4
      for (size_t i = 0; i < kSteps; ++i, from += kStepBytes) {
        if (i >= count) from -= kStepBytes;  // what meets zeros may be anything
        const __m512i a = Q8::Unsigned(Load(from));
        const __m512i b = Q8::Unsigned(Load(from + 64));
        _mm512_store_si512(task.block->quads[g][2 * i][s], Evens(a, b));
        _mm512_store_si512(task.block->quads[g][2 * i + 1][s], Odds(a, b));
      }
    }
  }

  template <size_t kCount>
  static QUANTA_INLINE void Begin(const PairTask&, __m512i (&sum)[kCount][kPair]) {
#pragma GCC unroll 8
    for (size_t r = 0; r < kCount; ++r) sum[r][0] = sum[r][1] = _mm512_setzero_si512();
  }

  template <size_t kCount>
  static QUANTA_INLINE void Add(const PairTask& task, size_t g, const int8_t* q, const int32_t*,
                                __m512i (&sum)[kCount][kPair]) {
    AddGroup<kCount>(task, g, q, sum);
  }

  template <size_t kCount>
  static QUANTA_INLINE void Finish(const PairTask& task, __m512i (&sum)[kCount][kPair]) {
#pragma GCC unroll 8
    for (size_t r = 0; r < kCount; ++r) {
      Q8::Store(task.strip(0), task.k, task.row(r), sum[r][0], task.out(r, 0));
      Q8::Store(task.strip(1), task.k, task.row(r), sum[r][1], task.out(r, 1));
    }
  }
};

}  // namespace
}  // namespace quanta::kernels
QUANTA_TARGET_END

namespace quanta::kernels {

void MatMulQ8Vnni(const MatMulTile& tile) { avx512::MatMul<Q8, Q8Pair, Q8Order>(tile); }
void MatMulQ8VnniZen(const MatMulTile& tile) { avx512::MatMul<Q8, Q8Pair, ZenOrder>(tile); }

}  // namespace quanta::kernels
#endif
