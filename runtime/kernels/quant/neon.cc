// SPDX-License-Identifier: MIT
#if defined(__aarch64__)
#include <arm_neon.h>

#include "runtime/kernels/quant/drive.h"
#include "runtime/kernels/quant/kernels_arm.h"
#include "runtime/kernels/quant/target.h"

// Plain NEON, which every 64-bit ARM CPU has: products of bytes are added in 16 bits as long
// as those last. Of nibbles that is a whole group: 4 * 8 * 128. Of bytes two: 2 * 127 * 128.

namespace quanta::kernels {
namespace {

QUANTA_INLINE int8x16_t Load(const std::byte* from) {
  return vld1q_s8(reinterpret_cast<const int8_t*>(from));
}
QUANTA_INLINE float32x4_t LoadFloats(const std::byte* from) {
  return vld1q_f32(reinterpret_cast<const float*>(from));
}
/// Eight activations.
QUANTA_INLINE int8x16_t Twice(const int8_t* from) {
  const int8x8_t x = vld1_s8(from);
  return vcombine_s8(x, x);
}

struct Q4 {
  static constexpr size_t kRows = 4;

  /// A group of four columns: two vectors of two columns from each half.
  struct Nibbles {
    int8x16_t w[2][4];  ///< [columns / 2][8 bytes along k]

    explicit QUANTA_INLINE Nibbles(const std::byte* from) {
#pragma GCC unroll 2
      for (size_t half = 0; half < 2; ++half) {
#pragma GCC unroll 2
        for (size_t pair = 0; pair < 2; ++pair) {
          const int8x16_t v = Load(from + half * (kNibbleBytes / 2) + pair * 16);
          w[pair][2 * half] = vshrq_n_s8(vshlq_n_s8(v, 4), 4);
          w[pair][2 * half + 1] = vshrq_n_s8(v, 4);
        }
      }
    }
  };

  static QUANTA_INLINE int32x4_t Dot(const Nibbles& nibbles, const int8x16_t (&x)[4]) {
    int16x8_t sum[4];
#pragma GCC unroll 2
    for (size_t pair = 0; pair < 2; ++pair) {
      const int8x16_t(&w)[4] = nibbles.w[pair];
      int16x8_t a = vmull_s8(vget_low_s8(w[0]), vget_low_s8(x[0]));
      int16x8_t b = vmull_high_s8(w[0], x[0]);
#pragma GCC unroll 4
      for (size_t i = 1; i < 4; ++i) {
        a = vmlal_s8(a, vget_low_s8(w[i]), vget_low_s8(x[i]));
        b = vmlal_high_s8(b, w[i], x[i]);
      }
      sum[2 * pair] = a;
      sum[2 * pair + 1] = b;
    }
    return vpaddlq_s16(vpaddq_s16(vpaddq_s16(sum[0], sum[1]), vpaddq_s16(sum[2], sum[3])));
  }

  template <size_t kCount>
  static void Run(const StripTask& task) {
    float32x4_t f[kCount][4];
    for (size_t r = 0; r < kCount; ++r) {
      // In sixteenths, as the scales are.
      const float zero = static_cast<float>(task.row(r).zero_point) * 0.0625f;
      for (size_t c = 0; c < 4; ++c) {
        f[r][c] = vmulq_n_f32(LoadFloats(task.strip + 16 * c), zero);
      }
    }
    const std::byte* from = task.strip + kStripHead;
    const int8_t* q = task.row(0).q();
    for (size_t g = 0; g < GroupsOf(task.k); ++g, q += kGroupColumns, from += kGroupBytes) {
      int8x16_t x[kCount][4];
#pragma GCC unroll 4
      for (size_t r = 0; r < kCount; ++r) {
#pragma GCC unroll 4
        for (size_t i = 0; i < 4; ++i) x[r][i] = Twice(q + r * task.row_bytes + 8 * i);
      }
#pragma GCC unroll 4
      for (size_t c = 0; c < 4; ++c) {
        const Nibbles nibbles(from + 32 * c);
        const auto* bits = reinterpret_cast<const uint16_t*>(from + kNibbleBytes) + 4 * c;
        const float32x4_t scale = vreinterpretq_f32_u32(vshll_n_u16(vld1_u16(bits), 16));
#pragma GCC unroll 4
        for (size_t r = 0; r < kCount; ++r) {
          f[r][c] = vfmaq_f32(f[r][c], vcvtq_f32_s32(Dot(nibbles, x[r])), scale);
        }
      }
    }
    for (size_t r = 0; r < kCount; ++r) {
      for (size_t c = 0; c < 4; ++c) {
        vst1q_f32(task.y + r * task.y_stride + 4 * c, vmulq_n_f32(f[r][c], 16 * task.row(r).scale));
      }
    }
  }
};

struct Q8 {
  static constexpr size_t kRows = 2;

  /// Two steps of four columns, the second perhaps of zeros.
  template <size_t kCount>
  static QUANTA_INLINE void TwoSteps(const std::byte* from, const std::byte* next,
                                     const int8x16_t (&x)[kCount], const int8x16_t (&y)[kCount],
                                     int32x4_t (&sum)[kCount][4]) {
#pragma GCC unroll 2
    for (size_t pair = 0; pair < 2; ++pair) {
      const int8x16_t v = Load(from + 16 * pair);
      const int8x16_t w = Load(next + 16 * pair);
#pragma GCC unroll 2
      for (size_t r = 0; r < kCount; ++r) {
        int16x8_t a = vmull_s8(vget_low_s8(v), vget_low_s8(x[r]));
        int16x8_t b = vmull_high_s8(v, x[r]);
        a = vmlal_s8(a, vget_low_s8(w), vget_low_s8(y[r]));
        b = vmlal_high_s8(b, w, y[r]);
        sum[r][2 * pair] = vpadalq_s16(sum[r][2 * pair], a);
        sum[r][2 * pair + 1] = vpadalq_s16(sum[r][2 * pair + 1], b);
      }
    }
  }

  /// Four columns from `column` on.
  template <size_t kCount>
  static QUANTA_INLINE void Four(const StripTask& task, size_t column) {
    int32x4_t sum[kCount][4];
#pragma GCC unroll 2
    for (size_t r = 0; r < kCount; ++r) {
#pragma GCC unroll 4
      for (size_t c = 0; c < 4; ++c) sum[r][c] = vdupq_n_s32(0);
    }
    const size_t steps = StepsOf(task.k);
    const std::byte* from = task.strip + kStripHead + column * kStepColumns;
    const int8_t* q = task.row(0).q();
    int8x16_t x[kCount], y[kCount];
    size_t i = 0;
    for (; i + 2 <= steps; i += 2, q += 2 * kStepColumns, from += 2 * kStepBytes) {
#pragma GCC unroll 2
      for (size_t r = 0; r < kCount; ++r) {
        x[r] = Twice(q + r * task.row_bytes);
        y[r] = Twice(q + r * task.row_bytes + kStepColumns);
      }
      TwoSteps<kCount>(from, from + kStepBytes, x, y, sum);
    }
    if (i < steps) {
      for (size_t r = 0; r < kCount; ++r) {
        x[r] = Twice(q + r * task.row_bytes);
        y[r] = vdupq_n_s8(0);
      }
      TwoSteps<kCount>(from, from, x, y, sum);
    }
    const auto* sums = reinterpret_cast<const int32_t*>(task.strip) + column;
    const std::byte* scales = task.strip + kStripHead + steps * kStepBytes + column * 4;
    for (size_t r = 0; r < kCount; ++r) {
      const QuantizedRow& row = task.row(r);
      const int32x4_t all =
          vpaddq_s32(vpaddq_s32(sum[r][0], sum[r][1]), vpaddq_s32(sum[r][2], sum[r][3]));
      const int32x4_t right = vmlaq_n_s32(all, vld1q_s32(sums), row.zero_point);
      const float32x4_t scaled = vmulq_n_f32(vcvtq_f32_s32(right), row.scale);
      vst1q_f32(task.y + r * task.y_stride + column, vmulq_f32(scaled, LoadFloats(scales)));
    }
  }

  template <size_t kCount>
  static void Run(const StripTask& task) {
    for (size_t column = 0; column < kStripRows; column += 4) Four<kCount>(task, column);
  }
};

}  // namespace

void MatMulQ8Neon(const MatMulTile& tile) { StripDriver<Q8>::MatMul(tile); }
void MatMulQ4Neon(const MatMulTile& tile) { StripDriver<Q4>::MatMul(tile); }

}  // namespace quanta::kernels
#endif
