// SPDX-License-Identifier: MIT
#if defined(__x86_64__)
#include <cpuid.h>

#include "runtime/kernels/quant/avx2-inl.h"
#include "runtime/kernels/quant/kernels_x86.h"

QUANTA_TARGET_BEGIN("avx2,fma")
namespace quanta::kernels {
namespace {

using namespace avx2;

/// vpdpbusd adds four products in 32 bits. Weights are the unsigned bytes: nibbles as q + 8, q8 as
/// q + 128.
struct Vnni {
  static constexpr size_t kTileRows = 6;
  static constexpr int32_t kExcess = 128;

  /// As the instruction itself, so that what avx2-inl.h compiles for AVX2 may contain it.
  static QUANTA_INLINE __m256i Add(__m256i sum, __m256i w, __m256i x) {
    asm("%{vex%} vpdpbusd %2, %1, %0" : "+x"(sum) : "x"(w), "x"(x));
    return sum;
  }
  static QUANTA_INLINE __m256i NibbleSums(__m256i sum) { return sum; }
  static QUANTA_INLINE __m256i Bytes(__m256i w) {
    return _mm256_xor_si256(w, _mm256_set1_epi8(-128));
  }
  static QUANTA_INLINE __m256i AddBytes(__m256i sum, __m256i w, __m256i x) {
    return Add(sum, w, x);
  }
};

/// UnpackedDriver's Kernel: integer sums lie in y from block to block.
struct Q8Unpacked {
  using Block = avx2::Block;
  static constexpr size_t kTileRows = Vnni::kTileRows, kFewRows = kTileRows;

  template <size_t kCount, bool kUnpack>
  static void Run(const Task& given) {
    const Task task = given;  // whose fields no store can change
    __m256i sum[kCount][kHalves];
#pragma GCC unroll 8
    for (size_t r = 0; r < kCount; ++r) {
      const auto* y = reinterpret_cast<const std::byte*>(task.out(r, 0));
      sum[r][0] = task.first() ? _mm256_setzero_si256() : Load(y);
      sum[r][1] = task.first() ? _mm256_setzero_si256() : Load(y + 32);
    }
    if constexpr (kUnpack) Unpack(task, 0);
    const int8_t* q = task.q();
    for (size_t g = 0; g < task.groups; ++g, q += kGroupColumns) {
      if (kUnpack && g + 1 < task.groups) Unpack(task, g + 1);
      task.next->Step();
      AddQuads<Vnni, kCount>(task, g, q, sum);
    }
    const std::byte* columns = task.strip(0);
    const std::byte* scales = columns + kStripHead + StepsOf(task.k) * kStepBytes;
#pragma GCC unroll 8
    for (size_t r = 0; r < kCount; ++r) {
#pragma GCC unroll 2
      for (size_t h = 0; h < kHalves; ++h) {
        const __m256 y = task.last() ? FinishQ8<Vnni::kExcess>(sum[r][h], task.row(r),
                                                               columns + h * 32, scales + h * 32)
                                     : _mm256_castsi256_ps(sum[r][h]);
        _mm256_storeu_ps(task.out(r, 0) + h * 8, y);
      }
    }
  }

 private:
  static QUANTA_INLINE void Unpack(const Task& task, size_t g) {
    constexpr size_t kSteps = kGroupColumns / kStepColumns;
#pragma GCC unroll 4
    for (size_t i = 0; i < kSteps; ++i) {
      // What meets zeros may be anything.
      const size_t step = std::min((task.group + g) * kSteps + i, StepsOf(task.k) - 1);
      const std::byte* from = task.strip(0) + kStripHead + step * kStepBytes;
#pragma GCC unroll 2
      for (size_t h = 0; h < kHalves; ++h, from += kStepBytes / kHalves) {
        const __m256i a = Vnni::Bytes(Load(from)), b = Vnni::Bytes(Load(from + 32));
        Store(task.block->quads[g][2 * i][0] + h * 32, FirstFours(a, b));
        Store(task.block->quads[g][2 * i + 1][0] + h * 32, SecondFours(a, b));
      }
    }
  }
};

}  // namespace
}  // namespace quanta::kernels
QUANTA_TARGET_END

namespace quanta::kernels {

void MatMulQ8AvxVnni(const MatMulTile& tile) {
  using Strip = avx2::Q8Strip<Vnni>;
  if (tile.rows == 1) return RowDriver<Strip, avx2::Q8Order>::MatMul(tile);
  UnpackedDriver<Q8Unpacked, &StripDriver<Strip>::MatMul>::MatMul(tile);
}
void MatMulQ4AvxVnni(const MatMulTile& tile) { avx2::MatMulQ4<Vnni, avx2::Q4Order>(tile); }

bool HasAvxVnni() {
  unsigned a = 0, b = 0, c = 0, d = 0;
  constexpr unsigned kAvxVnni = 1u << 4;
  return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") &&
         __get_cpuid_count(7, 1, &a, &b, &c, &d) != 0 && (a & kAvxVnni) != 0;
}

}  // namespace quanta::kernels
#endif
