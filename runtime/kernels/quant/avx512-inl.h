// SPDX-License-Identifier: MIT
#pragma once

/// What the AVX-512 kernels share, compiled for them: include it in x86-64 sources only.
#if defined(__GNUC__) && !defined(__clang__)
// GCC's own intrinsics leave undefined what they do not use (GCC bug 105593).
#pragma GCC diagnostic ignored "-Wuninitialized"
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#endif
#include <immintrin.h>

#include <cstddef>

#include "runtime/kernels/quant/panels.h"
#include "runtime/kernels/quant/target.h"

QUANTA_TARGET_BEGIN("avx512f,avx512bw,avx512vl,avx512vnni")
namespace quanta::kernels::avx512 {

QUANTA_INLINE __m512i Load(const void* from) { return _mm512_loadu_si512(from); }

QUANTA_INLINE __m512i Broadcast8(const int8_t* from) {
  int64_t bits;
  __builtin_memcpy(&bits, from, sizeof(bits));
  return _mm512_set1_epi64(bits);
}
QUANTA_INLINE __m512i Broadcast4(const int8_t* from) {
  int32_t bits;
  __builtin_memcpy(&bits, from, sizeof(bits));
  return _mm512_set1_epi32(bits);
}

/// The lanes of even (odd) index of a, then of b: of two vectors of 8 columns by 8 bytes, 16
/// columns by the first (second) 4.
QUANTA_INLINE __m512i Evens(__m512i a, __m512i b) {
  const __m512i index =
      _mm512_setr_epi32(0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22, 24, 26, 28, 30);
  return _mm512_permutex2var_epi32(a, index, b);
}
QUANTA_INLINE __m512i Odds(__m512i a, __m512i b) {
  const __m512i index =
      _mm512_setr_epi32(1, 3, 5, 7, 9, 11, 13, 15, 17, 19, 21, 23, 25, 27, 29, 31);
  return _mm512_permutex2var_epi32(a, index, b);
}

/// Each column has two sums: they are added up, of the columns of a, then of b.
QUANTA_INLINE __m512i AddPairs(__m512i a, __m512i b) {
  return _mm512_add_epi32(Evens(a, b), Odds(a, b));
}

/// Nibbles as q + 8: (v ^ 0x88) & 0x0F.
QUANTA_INLINE __m512i LowNibbles(__m512i v) {
  return _mm512_ternarylogic_epi32(v, _mm512_set1_epi8(-0x78), _mm512_set1_epi8(0x0F), 0x28);
}
QUANTA_INLINE __m512i HighNibbles(__m512i v) { return LowNibbles(_mm512_srli_epi16(v, 4)); }

/// A group's 16 bfloat16 scales.
QUANTA_INLINE __m512 Scales(const std::byte* group) {
  const auto* bits = reinterpret_cast<const __m256i*>(group + kNibbleBytes);
  return _mm512_castsi512_ps(
      _mm512_slli_epi32(_mm512_cvtepu16_epi32(_mm256_loadu_si256(bits)), 16));
}

}  // namespace quanta::kernels::avx512
QUANTA_TARGET_END
