// SPDX-License-Identifier: MIT
#if defined(__x86_64__)
#include <immintrin.h>

#include "runtime/kernels/quant/drive.h"
#include "runtime/kernels/quant/kernels_x86.h"
#include "runtime/kernels/quant/target.h"

// vpmaddubsw multiplies unsigned by signed bytes and adds pairs in 16 bits. Nibbles as q + 8
// leave room for the four products of a group's bytes: at most 4 * 2 * 15 * 128. Bytes
// leave room for one: the activations' magnitudes times the weights with their signs, at
// most 2 * 128 * 127.
//
// A vector holds 4 columns of 8 bytes. vphaddd of two gives the columns 0 1 4 5 2 3 6 7;
// sums stay in that order until they are stored.

QUANTA_TARGET_BEGIN("avx2,fma")
namespace quanta::kernels {
namespace {

QUANTA_INLINE __m256i Load(const std::byte* from) {
  return _mm256_loadu_si256(reinterpret_cast<const __m256i*>(from));
}
QUANTA_INLINE __m256 LoadFloats(const std::byte* from) {
  return _mm256_loadu_ps(reinterpret_cast<const float*>(from));
}
QUANTA_INLINE __m256i Broadcast8(const int8_t* from) {
  long long bits;
  __builtin_memcpy(&bits, from, sizeof(bits));
  return _mm256_set1_epi64x(bits);
}

/// Swaps the middle quarters: columns in order to 0 1 4 5 2 3 6 7, and back.
QUANTA_INLINE __m256i Reorder(__m256i v) { return _mm256_permute4x64_epi64(v, 0xD8); }
QUANTA_INLINE __m256 Reorder(__m256 v) {
  return _mm256_castsi256_ps(Reorder(_mm256_castps_si256(v)));
}

QUANTA_INLINE __m256i PairsToSums(__m256i pairs) {
  return _mm256_madd_epi16(pairs, _mm256_set1_epi16(1));
}

/// Nibbles as q + 8.
QUANTA_INLINE __m256i LowNibbles(__m256i flipped) {
  return _mm256_and_si256(flipped, _mm256_set1_epi8(0x0F));
}
QUANTA_INLINE __m256i HighNibbles(__m256i flipped) {
  return LowNibbles(_mm256_srli_epi16(flipped, 4));
}

/// 8 bfloat16, reordered.
QUANTA_INLINE __m256 Scales(const std::byte* from) {
  const __m128i bits = _mm_loadu_si128(reinterpret_cast<const __m128i*>(from));
  return _mm256_castsi256_ps(Reorder(_mm256_slli_epi32(_mm256_cvtepu16_epi32(bits), 16)));
}

struct Q4 {
  static constexpr size_t kRows = 4;

  /// Eight columns from `column` on, for kCount rows.
  template <size_t kCount>
  static QUANTA_INLINE void Eight(const StripTask& task, size_t column) {
    __m256 f[kCount];
    const __m256 sums = Reorder(LoadFloats(task.strip + column * sizeof(float)));
#pragma GCC unroll 4
    for (size_t r = 0; r < kCount; ++r) {
      // In sixteenths, as the scales are.
      const float zero = static_cast<float>(task.row(r).zero_point) * 0.0625f;
      f[r] = _mm256_mul_ps(_mm256_set1_ps(zero), sums);
    }
    const int8_t* q = task.row(0).q();
    const int32_t* offsets = task.row(0).offsets(task.k);
    const std::byte* from = task.strip + kStripHead;
    for (size_t g = 0; g < GroupsOf(task.k); ++g, q += kGroupColumns, from += kGroupBytes) {
      if (kCount == 1 && column == 0) Fetch<kGroupBytes, 3>(from + kFarAhead);
      __m256i pairs[kCount][2];
#pragma GCC unroll 2
      for (size_t half = 0; half < 2; ++half) {
#pragma GCC unroll 2
        for (size_t c = 0; c < 2; ++c) {
          const std::byte* nibbles = from + half * 128 + column * 8 + c * 32;
          const __m256i v = _mm256_xor_si256(Load(nibbles), _mm256_set1_epi8(-0x78));
          const __m256i low = LowNibbles(v);
          const __m256i high = HighNibbles(v);
#pragma GCC unroll 4
          for (size_t r = 0; r < kCount; ++r) {
            const int8_t* x = q + r * task.row_bytes + half * 16;
            const __m256i sum = _mm256_add_epi16(_mm256_maddubs_epi16(low, Broadcast8(x)),
                                                 _mm256_maddubs_epi16(high, Broadcast8(x + 8)));
            pairs[r][c] = half == 0 ? sum : _mm256_add_epi16(pairs[r][c], sum);
          }
        }
      }
      const __m256 scales = Scales(from + kNibbleBytes + column * 2);
#pragma GCC unroll 4
      for (size_t r = 0; r < kCount; ++r) {
        const __m256i both = _mm256_hadd_epi32(PairsToSums(pairs[r][0]), PairsToSums(pairs[r][1]));
        const int32_t offset = *reinterpret_cast<const int32_t*>(
            reinterpret_cast<const std::byte*>(offsets + g) + r * task.row_bytes);
        const __m256i sum = _mm256_add_epi32(both, _mm256_set1_epi32(offset));
        f[r] = _mm256_fmadd_ps(_mm256_cvtepi32_ps(sum), scales, f[r]);
      }
    }
#pragma GCC unroll 4
    for (size_t r = 0; r < kCount; ++r) {
      const __m256 y = _mm256_mul_ps(f[r], _mm256_set1_ps(16 * task.row(r).scale));
      _mm256_storeu_ps(task.y + r * task.y_stride + column, Reorder(y));
    }
  }

  template <size_t kCount>
  static void Run(const StripTask& task) {
    Eight<kCount>(task, 0);
    Eight<kCount>(task, 8);
  }
};

struct Q8 {
  static constexpr size_t kRows = 4;

  template <size_t kCount>
  static QUANTA_INLINE void Eight(const StripTask& task, size_t column) {
    __m256i sum[kCount][2];
#pragma GCC unroll 4
    for (size_t r = 0; r < kCount; ++r) sum[r][0] = sum[r][1] = _mm256_setzero_si256();
    const int8_t* q = task.row(0).q();
    const std::byte* from = task.strip + kStripHead + column * kStepColumns;
    const size_t steps = StepsOf(task.k);
    for (size_t i = 0; i < steps; ++i, q += kStepColumns, from += kStepBytes) {
      if (kCount == 1 && column == 0) Fetch<kStepBytes, 3>(from + kFarAhead);
      const __m256i w[2] = {Load(from), Load(from + 32)};
#pragma GCC unroll 4
      for (size_t r = 0; r < kCount; ++r) {
        const __m256i x = Broadcast8(q + r * task.row_bytes);
        const __m256i magnitude = _mm256_abs_epi8(x);
#pragma GCC unroll 2
        for (size_t c = 0; c < 2; ++c) {
          const __m256i pairs = _mm256_maddubs_epi16(magnitude, _mm256_sign_epi8(w[c], x));
          sum[r][c] = _mm256_add_epi32(sum[r][c], PairsToSums(pairs));
        }
      }
    }
    const __m256i sums = Reorder(Load(task.strip + column * sizeof(int32_t)));
    const std::byte* scales = task.strip + kStripHead + steps * kStepBytes + column * sizeof(float);
#pragma GCC unroll 4
    for (size_t r = 0; r < kCount; ++r) {
      const QuantizedRow& row = task.row(r);
      const __m256i zero = _mm256_mullo_epi32(_mm256_set1_epi32(row.zero_point), sums);
      const __m256i all = _mm256_add_epi32(_mm256_hadd_epi32(sum[r][0], sum[r][1]), zero);
      const __m256 y = _mm256_mul_ps(_mm256_cvtepi32_ps(all), _mm256_set1_ps(row.scale));
      _mm256_storeu_ps(task.y + r * task.y_stride + column,
                       _mm256_mul_ps(Reorder(y), LoadFloats(scales)));
    }
  }

  template <size_t kCount>
  static void Run(const StripTask& task) {
    Eight<kCount>(task, 0);
    Eight<kCount>(task, 8);
  }
};

}  // namespace
}  // namespace quanta::kernels
QUANTA_TARGET_END

namespace quanta::kernels {

void MatMulQ8Avx2(const MatMulTile& tile) { StripDriver<Q8>::MatMul(tile); }
void MatMulQ4Avx2(const MatMulTile& tile) { StripDriver<Q4>::MatMul(tile); }

}  // namespace quanta::kernels
#endif
