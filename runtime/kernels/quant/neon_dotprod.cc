// SPDX-License-Identifier: MIT
#if defined(__aarch64__)
#include <arm_neon.h>
#if defined(__linux__)
#include <sys/auxv.h>
#endif

#include "runtime/kernels/quant/drive.h"
#include "runtime/kernels/quant/kernels_arm.h"
#include "runtime/kernels/quant/target.h"

// SDOT adds four products a lane. Of 4 columns by 8 bytes, LD2 makes two vectors of 4 columns by 4
// bytes, which multiply lanes of the activations: one sum a column, none across lanes. Nibbles
// stand in the top halves of bytes: the sums are of 16 q, the scales are sixteenths.

QUANTA_TARGET_BEGIN("arch=armv8.2-a+dotprod")
namespace quanta::kernels {
namespace {

QUANTA_INLINE float32x4_t LoadFloats(const std::byte* from) {
  return vld1q_f32(reinterpret_cast<const float*>(from));
}

/// `pointer`, of which the compiler does not know that it has only moved: it would keep one counter
/// and add it to every pointer, or make addresses ahead of loads that cannot add; so each load steps
/// its own pointer on.
template <class T>
QUANTA_INLINE const T* Opaque(const T* pointer) {
  asm("" : "+r"(pointer));
  return pointer;
}

/// 4 columns by 8 bytes, as the first and the second four of each: one instruction instead of two
/// loads and two UZP.
QUANTA_INLINE void Deinterleave(const std::byte* from, int8x16_t* first, int8x16_t* second) {
  const int32x4x2_t both = vld2q_s32(reinterpret_cast<const int32_t*>(from));
  *first = vreinterpretq_s8_s32(both.val[0]);
  *second = vreinterpretq_s8_s32(both.val[1]);
}

struct Q4 {
  static constexpr size_t kRows = 4;

  /// 4 * kQuads columns from `column` on.
  template <size_t kCount, size_t kQuads>
  static QUANTA_INLINE void Columns(const StripTask& task, size_t column) {
    const int8x16_t top = vdupq_n_s8(static_cast<int8_t>(0xF0));
    float32x4_t f[kCount][kQuads];
#pragma GCC unroll 4
    for (size_t r = 0; r < kCount; ++r) {
      const auto zero = static_cast<float>(task.row(r).zero_point);
#pragma GCC unroll 4
      for (size_t c = 0; c < kQuads; ++c) {
        f[r][c] = vmulq_n_f32(LoadFloats(task.strip + (column + 4 * c) * 4), zero);
      }
    }
    // Half a group: all columns, 8 bytes each.
    constexpr size_t kQuadBytes = 4 * 8;
    constexpr size_t kRestOfHalf = kNibbleBytes / 2 - (kQuads - 1) * kQuadBytes;
    const std::byte* from = task.strip + kStripHead + column * 8;
    const int8_t* q[kCount];
#pragma GCC unroll 4
    for (size_t r = 0; r < kCount; ++r) q[r] = task.row(r).q();
    const int8_t* const end = q[0] + GroupsOf(task.k) * kGroupColumns;
    while (q[0] != end) {
      int32x4_t sum[kCount][kQuads];
#pragma GCC unroll 4
      for (size_t r = 0; r < kCount; ++r) {
#pragma GCC unroll 4
        for (size_t c = 0; c < kQuads; ++c) sum[r][c] = vdupq_n_s32(0);
      }
#pragma GCC unroll 2
      for (size_t half = 0; half < 2; ++half) {
        int8x16_t x[kCount];
#pragma GCC unroll 4
        for (size_t r = 0; r < kCount; ++r) {
          x[r] = vld1q_s8(q[r]);
          q[r] = Opaque(q[r] + 16);
        }
#pragma GCC unroll 4
        for (size_t c = 0; c < kQuads; ++c) {
          int8x16_t first, second;
          Deinterleave(from, &first, &second);
          from = Opaque(from + (c + 1 < kQuads ? kQuadBytes : kRestOfHalf));
          const int8x16_t w0 = vshlq_n_s8(first, 4), w1 = vshlq_n_s8(second, 4);
          const int8x16_t w2 = vandq_s8(first, top), w3 = vandq_s8(second, top);
#pragma GCC unroll 4
          for (size_t r = 0; r < kCount; ++r) sum[r][c] = vdotq_laneq_s32(sum[r][c], w0, x[r], 0);
#pragma GCC unroll 4
          for (size_t r = 0; r < kCount; ++r) sum[r][c] = vdotq_laneq_s32(sum[r][c], w1, x[r], 1);
#pragma GCC unroll 4
          for (size_t r = 0; r < kCount; ++r) sum[r][c] = vdotq_laneq_s32(sum[r][c], w2, x[r], 2);
#pragma GCC unroll 4
          for (size_t r = 0; r < kCount; ++r) sum[r][c] = vdotq_laneq_s32(sum[r][c], w3, x[r], 3);
          if constexpr (kCount > 1) {
            // Products of the next columns begin after these: their unpacked weights and these
            // do not fit into the registers together.
#pragma GCC unroll 4
            for (size_t r = 0; r < kCount; ++r) asm volatile("" : "+w"(sum[r][c]));
          }
        }
      }
      const auto* scales = reinterpret_cast<const uint16_t*>(from - column * 8) + column;
#pragma GCC unroll 2
      for (size_t c = 0; c < kQuads; c += 2) {
        const uint16x8_t bits = vld1q_u16(scales + 4 * c);
        const float32x4_t low = vreinterpretq_f32_u32(vshll_n_u16(vget_low_u16(bits), 16));
        const float32x4_t high = vreinterpretq_f32_u32(vshll_high_n_u16(bits, 16));
#pragma GCC unroll 4
        for (size_t r = 0; r < kCount; ++r) {
          f[r][c] = vfmaq_f32(f[r][c], vcvtq_f32_s32(sum[r][c]), low);
          f[r][c + 1] = vfmaq_f32(f[r][c + 1], vcvtq_f32_s32(sum[r][c + 1]), high);
        }
      }
      from = Opaque(from + kGroupBytes - kNibbleBytes);
    }
#pragma GCC unroll 4
    for (size_t r = 0; r < kCount; ++r) {
#pragma GCC unroll 4
      for (size_t c = 0; c < kQuads; ++c) {
        vst1q_f32(task.y + r * task.y_stride + column + 4 * c,
                  vmulq_n_f32(f[r][c], task.row(r).scale));
      }
    }
  }

  template <size_t kCount>
  static void Run(const StripTask& task) {
    if constexpr (kCount <= 2) {
      Columns<kCount, 4>(task, 0);
    } else {
      // More columns do not fit into the registers.
      Columns<kCount, 2>(task, 0);
      Columns<kCount, 2>(task, 8);
    }
  }
};

struct Q8 {
  static constexpr size_t kRows = 4;

  template <size_t kCount, size_t kQuads>
  static QUANTA_INLINE void Step(const std::byte*& from, const int8x8_t (&x)[kCount],
                                 int32x4_t (&sum)[kCount][kQuads]) {
#pragma GCC unroll 4
    for (size_t c = 0; c < kQuads; ++c) {
      int8x16_t first, second;
      Deinterleave(from, &first, &second);
      from = Opaque(from + 4 * kStepColumns);
#pragma GCC unroll 4
      for (size_t r = 0; r < kCount; ++r) sum[r][c] = vdotq_lane_s32(sum[r][c], first, x[r], 0);
#pragma GCC unroll 4
      for (size_t r = 0; r < kCount; ++r) sum[r][c] = vdotq_lane_s32(sum[r][c], second, x[r], 1);
    }
  }

  template <size_t kCount, size_t kQuads>
  static QUANTA_INLINE void Columns(const StripTask& task, size_t column) {
    int32x4_t sum[kCount][kQuads];
#pragma GCC unroll 4
    for (size_t r = 0; r < kCount; ++r) {
#pragma GCC unroll 4
      for (size_t c = 0; c < kQuads; ++c) sum[r][c] = vdupq_n_s32(0);
    }
    const size_t steps = StepsOf(task.k);
    const std::byte* from = task.strip + kStripHead + column * kStepColumns;
    static_assert(kQuads * 4 == kStripRows, "all columns of a step follow each other");
    const int8_t* q[kCount];
#pragma GCC unroll 4
    for (size_t r = 0; r < kCount; ++r) q[r] = task.row(r).q();
    for (size_t i = 0; i < steps; ++i) {
      int8x8_t x[kCount];
#pragma GCC unroll 4
      for (size_t r = 0; r < kCount; ++r) {
        x[r] = vld1_s8(q[r]);
        q[r] = Opaque(q[r] + kStepColumns);
      }
      Step<kCount, kQuads>(from, x, sum);
    }
    const auto* sums = reinterpret_cast<const int32_t*>(task.strip) + column;
    const std::byte* scales = task.strip + kStripHead + steps * kStepBytes + column * 4;
#pragma GCC unroll 4
    for (size_t r = 0; r < kCount; ++r) {
      const QuantizedRow& row = task.row(r);
#pragma GCC unroll 4
      for (size_t c = 0; c < kQuads; ++c) {
        const int32x4_t all = vmlaq_n_s32(sum[r][c], vld1q_s32(sums + 4 * c), row.zero_point);
        const float32x4_t y = vmulq_n_f32(vcvtq_f32_s32(all), row.scale);
        vst1q_f32(task.y + r * task.y_stride + column + 4 * c,
                  vmulq_f32(y, LoadFloats(scales + 16 * c)));
      }
    }
  }

  template <size_t kCount>
  static void Run(const StripTask& task) {
    Columns<kCount, 4>(task, 0);
  }
};

}  // namespace
}  // namespace quanta::kernels
QUANTA_TARGET_END

namespace quanta::kernels {

void MatMulQ8Dot(const MatMulTile& tile) { StripDriver<Q8>::MatMul(tile); }
void MatMulQ4Dot(const MatMulTile& tile) { StripDriver<Q4>::MatMul(tile); }

bool HasDotProducts() {
#if defined(__ARM_FEATURE_DOTPROD)
  return true;
#elif defined(__linux__)
  constexpr unsigned long kDotProducts = 1ul << 20;  // HWCAP_ASIMDDP
  return (getauxval(AT_HWCAP) & kDotProducts) != 0;
#else
  return false;
#endif
}

}  // namespace quanta::kernels
#endif
