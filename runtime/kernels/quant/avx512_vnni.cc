// SPDX-License-Identifier: MIT
#if defined(__x86_64__)
#include "runtime/kernels/quant/avx512_pairs-inl.h"
#include "runtime/kernels/quant/kernels_x86.h"

// vpdpbusd multiplies unsigned by signed bytes. The weights are the unsigned ones: nibbles
// as q + 8, bytes as q + 128; what that is too much is -offset and 128 times the row's sum.
//
// One row: a vector holds 8 columns of 8 bytes, two sums each, added up at the end.
// More rows: the strip is unpacked once for all to 16 columns of 4 bytes, so that each row
// needs one sum, and its activations come as broadcasts of four.

QUANTA_TARGET_BEGIN("avx512f,avx512bw,avx512vl,avx512vnni")
namespace quanta::kernels {
namespace {

using namespace avx512;

QUANTA_INLINE __m512i Broadcast8(const int8_t* from) {
  int64_t bits;
  __builtin_memcpy(&bits, from, sizeof(bits));
  return _mm512_set1_epi64(bits);
}

QUANTA_INLINE __m512i AddPairs(__m512i a, __m512i b) {
  return _mm512_add_epi32(Evens(a, b), Odds(a, b));
}

// Sums of q4 are kept as sixteenths, as the scales are.
QUANTA_INLINE __m512 FirstTerm(const std::byte* strip, const QuantizedRow& row) {
  const float sixteenth = static_cast<float>(row.zero_point) * 0.0625f;
  return _mm512_mul_ps(_mm512_set1_ps(sixteenth), _mm512_loadu_ps(strip));
}

// Of four strips side by side each is fetched a little ahead; one strip at a time, far ahead.
constexpr size_t kAhead = 1024;

/// Fetches kBytes that are needed later, of kStrips strips that are read side by side. Where a
/// strip of which `left` bytes are left ends before them, the next one is `jump` bytes further.
template <size_t kStrips, size_t kBytes>
QUANTA_INLINE void FetchAhead(const std::byte* from, size_t left = kAhead, size_t jump = 0) {
  if constexpr (kStrips == 1) {
    Fetch<kBytes, 3>(from + kFarAhead);
  } else {
    Fetch<kBytes, 3>(from + kAhead + (left < kAhead ? jump : 0));
  }
}

struct Q4 {
  static constexpr size_t kRows = 12;

  template <size_t kCount>
  static void Run(const StripTask& task) {
    if constexpr (kCount == 1) {
      RunStrips<1>(task, 0);
    } else {
      FewRows<kCount>(task);
    }
  }

  template <size_t kCount>
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
        FetchAhead<kCount, kGroupBytes>(group, (groups - g) * kGroupBytes, jump);
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
  static void FewRows(const StripTask& task) {
    const std::byte* from = task.strip + kStripHead;
    const size_t groups = GroupsOf(task.k);
    const int8_t* q = task.row(0).q();
    const int32_t* offsets = task.row(0).offsets(task.k);
    __m512 f[kCount];
#pragma GCC unroll 16
    for (size_t r = 0; r < kCount; ++r) f[r] = FirstTerm(task.strip, task.row(r));
    for (size_t g = 0; g < groups; ++g, q += kGroupColumns, ++offsets, from += kGroupBytes) {
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

  template <size_t kCount, bool kUnpack>
  static void Run(PairTask task) {
    const int8_t* q = task.q();
    const int32_t* offsets = task.row(0).offsets(task.k) + task.group;
    __m512 f[kCount][kPair];
    if (task.first()) {
#pragma GCC unroll 8
      for (size_t r = 0; r < kCount; ++r) {
        f[r][0] = FirstTerm(task.strip(0), task.row(r));
        f[r][1] = FirstTerm(task.strip(1), task.row(r));
      }
    } else {
#pragma GCC unroll 8
      for (size_t r = 0; r < kCount; ++r) {
        f[r][0] = _mm512_loadu_ps(task.out(r, 0));
        f[r][1] = _mm512_loadu_ps(task.out(r, 1));
      }
    }
    if constexpr (kUnpack) Unpack(task, 0);
    for (size_t g = 0; g < task.groups; ++g, q += kGroupColumns, ++offsets) {
      if (kUnpack && g + 1 < task.groups) Unpack(task, g + 1);
      task.next->Step();
      __m512i sum[kCount][kPair];
#pragma GCC unroll 8
      for (size_t r = 0; r < kCount; ++r) {
        sum[r][0] = sum[r][1] =
            Broadcast4(reinterpret_cast<const int8_t*>(offsets) + r * task.row_bytes);
      }
      AddGroup<kCount>(task.block->quads[g], q, task.row_bytes, sum);
#pragma GCC unroll 2
      for (size_t s = 0; s < kPair; ++s) {
        const __m512 scales = _mm512_load_ps(task.block->scales[g][s]);
#pragma GCC unroll 8
        for (size_t r = 0; r < kCount; ++r) {
          f[r][s] = _mm512_fmadd_ps(_mm512_cvtepi32_ps(sum[r][s]), scales, f[r][s]);
        }
      }
    }
    if (task.last()) {
#pragma GCC unroll 8
      for (size_t r = 0; r < kCount; ++r) {
        const __m512 scale = _mm512_set1_ps(16 * task.row(r).scale);
        f[r][0] = _mm512_mul_ps(f[r][0], scale);
        f[r][1] = _mm512_mul_ps(f[r][1], scale);
      }
    }
#pragma GCC unroll 8
    for (size_t r = 0; r < kCount; ++r) {
      _mm512_storeu_ps(task.out(r, 0), f[r][0]);
      _mm512_storeu_ps(task.out(r, 1), f[r][1]);
    }
  }
};

struct Q8 {
  static constexpr size_t kRows = 12;

  template <size_t kCount>
  static void Run(const StripTask& task) {
    if constexpr (kCount == 1) {
      RunStrips<1>(task, 0);
    } else {
      FewRows<kCount>(task);
    }
  }

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

  template <size_t kCount>
  static void RunStrips(const StripTask& task, size_t strip_bytes) {
    constexpr size_t kChains = 4 / kCount;  // so many steps of a strip under way
    const int8_t* q = task.row(0).q();
    const std::byte* from = task.strip + kStripHead;
    const size_t steps = StepsOf(task.k);
    __m512i a[kCount][kChains], b[kCount][kChains];
#pragma GCC unroll 4
    for (size_t s = 0; s < kCount; ++s) {
#pragma GCC unroll 4
      for (size_t c = 0; c < kChains; ++c) a[s][c] = b[s][c] = _mm512_setzero_si512();
    }
    size_t i = 0;
    for (; i + kChains <= steps; i += kChains) {
#pragma GCC unroll 4
      for (size_t c = 0; c < kChains; ++c) {
        const __m512i x = Broadcast8(q + (i + c) * kStepColumns);
#pragma GCC unroll 4
        for (size_t s = 0; s < kCount; ++s) {
          const std::byte* step = from + s * strip_bytes + (i + c) * kStepBytes;
          FetchAhead<kCount, kStepBytes>(step);
          a[s][c] = _mm512_dpbusd_epi32(a[s][c], Unsigned(Load(step)), x);
          b[s][c] = _mm512_dpbusd_epi32(b[s][c], Unsigned(Load(step + 64)), x);
        }
      }
    }
    for (; i < steps; ++i) {
      const __m512i x = Broadcast8(q + i * kStepColumns);
#pragma GCC unroll 4
      for (size_t s = 0; s < kCount; ++s) {
        const std::byte* step = from + s * strip_bytes + i * kStepBytes;
        a[s][0] = _mm512_dpbusd_epi32(a[s][0], Unsigned(Load(step)), x);
        b[s][0] = _mm512_dpbusd_epi32(b[s][0], Unsigned(Load(step + 64)), x);
      }
    }
#pragma GCC unroll 4
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
  static void FewRows(const StripTask& task) {
    const std::byte* from = task.strip + kStripHead;
    const size_t steps = StepsOf(task.k);
    const int8_t* q = task.row(0).q();
    __m512i sum[kCount];
#pragma GCC unroll 16
    for (size_t r = 0; r < kCount; ++r) sum[r] = _mm512_setzero_si512();
    for (size_t i = 0; i < steps; ++i, q += kStepColumns, from += kStepBytes) {
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

  template <size_t kCount, bool kUnpack>
  static void Run(PairTask task) {
    const int8_t* q = task.q();
    __m512i sum[kCount][kPair];
    if (task.first()) {
#pragma GCC unroll 8
      for (size_t r = 0; r < kCount; ++r) sum[r][0] = sum[r][1] = _mm512_setzero_si512();
    } else {
#pragma GCC unroll 8
      for (size_t r = 0; r < kCount; ++r) {
        sum[r][0] = Load(task.out(r, 0));
        sum[r][1] = Load(task.out(r, 1));
      }
    }
    if constexpr (kUnpack) Unpack(task, 0);
    for (size_t g = 0; g < task.groups; ++g, q += kGroupColumns) {
      if (kUnpack && g + 1 < task.groups) Unpack(task, g + 1);
      task.next->Step();
      AddGroup<kCount>(task.block->quads[g], q, task.row_bytes, sum);
    }
    if (task.last()) {
#pragma GCC unroll 8
      for (size_t r = 0; r < kCount; ++r) {
        Q8::Store(task.strip(0), task.k, task.row(r), sum[r][0], task.out(r, 0));
        Q8::Store(task.strip(1), task.k, task.row(r), sum[r][1], task.out(r, 1));
      }
    } else {
#pragma GCC unroll 8
      for (size_t r = 0; r < kCount; ++r) {
        _mm512_storeu_si512(task.out(r, 0), sum[r][0]);
        _mm512_storeu_si512(task.out(r, 1), sum[r][1]);
      }
    }
  }
};

}  // namespace
}  // namespace quanta::kernels
QUANTA_TARGET_END

namespace quanta::kernels {

namespace {

template <class Kernel, class Pair, size_t kStreams>
void MatMul(const MatMulTile& tile) {
  if (tile.rows == 1) return RowDriver<Kernel, kStreams>::MatMul(tile);
  avx512::PairDriver<Pair, &StripDriver<Kernel>::MatMul>::MatMul(tile);
}

}  // namespace

void MatMulQ8Vnni(const MatMulTile& tile) { MatMul<Q8, Q8Pair, 4>(tile); }
void MatMulQ4Vnni(const MatMulTile& tile) { MatMul<Q4, Q4Pair, 4>(tile); }
void MatMulQ8VnniZen(const MatMulTile& tile) { MatMul<Q8, Q8Pair, 1>(tile); }
void MatMulQ4VnniZen(const MatMulTile& tile) { MatMul<Q4, Q4Pair, 1>(tile); }

// These builtins ask for the operating system's support as well.
bool HasAvx512Vnni() {
  return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
         __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512vnni");
}

bool IsAmd() { return __builtin_cpu_is("amd"); }

}  // namespace quanta::kernels
#endif
