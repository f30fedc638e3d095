// SPDX-License-Identifier: MIT
//
// Products with q8 and q4 weights that need nothing but sums of products of 16-bit pairs,
// for instruction sets without kernels of their own: SSE2 and WebAssembly's simd128.
#include "runtime/kernels/quant/drive.h"
#include "runtime/kernels/quant/kernels_arm.h"
#include "runtime/kernels/quant/kernels_x86.h"
#include "runtime/kernels/targets.h"
// Highway compiles the rest once per target:
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "runtime/kernels/quant/portable.cc"
#include "hwy/foreach_target.h"
#include "runtime/kernels/simd-inl.h"

HWY_BEFORE_NAMESPACE();
namespace quanta::kernels::HWY_NAMESPACE {
namespace {

#if HWY_TARGET == HWY_SSE2 || HWY_ARCH_WASM

using I16 = hn::FixedTag<int16_t, 8>;
using I32 = hn::FixedTag<int32_t, 4>;
using V16 = hn::Vec<I16>;
using V32 = hn::Vec<I32>;
constexpr I16 kI16;
constexpr I32 kI32;
constexpr F4 kF4;

HWY_INLINE V4 LoadFloats(const std::byte* from) {
  return hn::LoadU(kF4, reinterpret_cast<const float*>(from));
}

/// { a0 + a1, a2 + a3, b0 + b1, b2 + b3 }
HWY_INLINE V32 AddPairs(V32 a, V32 b) {
  return hn::Add(hn::ConcatEven(kI32, b, a), hn::ConcatOdd(kI32, b, a));
}

/// 16-bit pairs of two columns: each nibble in turn is shifted to the top, so that the sums
/// are of 4096 q. Then a word's four nibbles are of the columns 2 i, 8 + 2 i, 1 + 2 i
/// and 9 + 2 i, and activations lie likewise.
struct Q4 {
  static constexpr size_t kRows = 4;

  /// Of the half of a group: for each of the four nibbles, the activations of four words, twice.
  static HWY_INLINE void Spread(const int8_t* q, V16 (&x)[4]) {
    const hn::FixedTag<uint64_t, 2> twice;
    for (size_t plane = 0; plane < 2; ++plane) {
      uint64_t bits;
      __builtin_memcpy(&bits, q + plane * 8, sizeof(bits));
      const V16 both = hn::BitCast(kI16, hn::Set(twice, bits));
      x[plane] = hn::ShiftRight<8>(hn::ShiftLeft<8>(both));
      x[2 + plane] = hn::ShiftRight<8>(both);
    }
  }

  /// Two columns times one row's half of a group.
  static HWY_INLINE V32 Dot(const V16 (&w)[4], const V16 (&x)[4]) {
    return hn::Add(hn::Add(hn::WidenMulPairwiseAdd(kI32, w[0], x[0]),
                           hn::WidenMulPairwiseAdd(kI32, w[1], x[1])),
                   hn::Add(hn::WidenMulPairwiseAdd(kI32, w[2], x[2]),
                           hn::WidenMulPairwiseAdd(kI32, w[3], x[3])));
  }

  template <size_t kCount>
  static HWY_INLINE void Group(const std::byte* from, const V16 (&x)[kCount][2][4],
                               V4 (&f)[kCount][4]) {
    const V16 top = hn::Set(kI16, static_cast<int16_t>(0xF000));
    for (size_t c = 0; c < 4; ++c) {
      V32 sum[kCount][2];
      QUANTA_UNROLL
      for (size_t half = 0; half < 2; ++half) {
        QUANTA_UNROLL
        for (size_t pair = 0; pair < 2; ++pair) {
          const std::byte* nibbles = from + half * (kNibbleBytes / 2) + c * 32 + pair * 16;
          const V16 v = hn::LoadU(kI16, reinterpret_cast<const int16_t*>(nibbles));
          const V16 w[4] = {hn::ShiftLeft<12>(v), hn::And(hn::ShiftLeft<8>(v), top),
                            hn::And(hn::ShiftLeft<4>(v), top), hn::And(v, top)};
          QUANTA_UNROLL
          for (size_t r = 0; r < kCount; ++r) {
            const V32 dot = Dot(w, x[r][half]);
            sum[r][pair] = half == 0 ? dot : hn::Add(sum[r][pair], dot);
          }
        }
      }
      const hn::FixedTag<uint16_t, 4> halves;
      const auto bits =
          hn::LoadU(halves, reinterpret_cast<const uint16_t*>(from + kNibbleBytes + c * 8));
      const hn::RebindToUnsigned<F4> words;
      const V4 scale = hn::BitCast(kF4, hn::ShiftLeft<16>(hn::PromoteTo(words, bits)));
      QUANTA_UNROLL
      for (size_t r = 0; r < kCount; ++r) {
        const V4 all = hn::ConvertTo(kF4, AddPairs(sum[r][0], sum[r][1]));
        f[r][c] = hn::Add(f[r][c], hn::Mul(all, scale));
      }
    }
  }

  /// Sums are of 4096 times a sixteenth of the scale.
  static constexpr float kUnit = 256;

  static HWY_INLINE void Start(const QuantizedRow& row, const std::byte* sums, V4 (&f)[4]) {
    const V4 zero = hn::Set(kF4, static_cast<float>(row.zero_point) * kUnit);
    QUANTA_UNROLL
    for (size_t c = 0; c < 4; ++c) f[c] = hn::Mul(zero, LoadFloats(sums + c * 16));
  }
  static HWY_INLINE void Finish(const QuantizedRow& row, const V4 (&f)[4], float* y) {
    const V4 scale = hn::Set(kF4, row.scale / kUnit);
    QUANTA_UNROLL
    for (size_t c = 0; c < 4; ++c) hn::StoreU(hn::Mul(f[c], scale), kF4, y + c * 4);
  }

  template <size_t kCount>
  static void Run(const StripTask& task) {
    V4 f[kCount][4];
    for (size_t r = 0; r < kCount; ++r) Start(task.row(r), task.strip, f[r]);
    const std::byte* from = task.strip + kStripHead;
    const int8_t* q = task.row(0).q();
    for (size_t g = 0; g < GroupsOf(task.k); ++g, q += kGroupColumns, from += kGroupBytes) {
      V16 x[kCount][2][4];
      QUANTA_UNROLL
      for (size_t r = 0; r < kCount; ++r) {
        Spread(q + r * task.row_bytes, x[r][0]);
        Spread(q + r * task.row_bytes + kGroupColumns / 2, x[r][1]);
      }
      Group<kCount>(from, x, f);
    }
    for (size_t r = 0; r < kCount; ++r) Finish(task.row(r), f[r], task.y + r * task.y_stride);
  }

  template <class Fetching, size_t kStrips>
  static void RunStrips(const StripTask& task, size_t strip_bytes) {
    const QuantizedRow& row = task.row(0);
    V4 f[kStrips][1][4];
#pragma GCC unroll 1
    for (size_t s = 0; s < kStrips; ++s) Start(row, task.strip + s * strip_bytes, f[s][0]);
    const std::byte* from = task.strip + kStripHead;
    const int8_t* q = row.q();
    for (size_t g = 0; g < GroupsOf(task.k); ++g, q += kGroupColumns, from += kGroupBytes) {
      V16 x[1][2][4];
      Spread(q, x[0][0]);
      Spread(q + kGroupColumns / 2, x[0][1]);
#pragma GCC unroll 1
      for (size_t s = 0; s < kStrips; ++s) Group<1>(from + s * strip_bytes, x, f[s]);
    }
#pragma GCC unroll 1
    for (size_t s = 0; s < kStrips; ++s) Finish(row, f[s][0], task.y + s * kStripRows);
  }
};

struct Q8 {
  static constexpr size_t kRows = 2;

  /// Eight bytes as words.
  static HWY_INLINE V16 Load8(const void* from) {
    const hn::FixedTag<int8_t, 8> bytes;
    return hn::PromoteTo(kI16, hn::LoadU(bytes, static_cast<const int8_t*>(from)));
  }

  /// Vectors have room for the sums of four columns.
  template <size_t kCount>
  static void Run(const StripTask& task) {
    for (size_t column = 0; column < kStripRows; column += kFour) {
      V32 sum[kCount][kFour];
      Clear(sum);
      Add<kCount>(task, 0, StepsOf(task.k), column, sum);
      Finish<kCount>(task, column, sum);
    }
  }

  /// For one row, which comes from memory, all strips' columns take turns every few steps, while
  /// the steps are in the first-level cache.
  template <class Fetching, size_t kStrips>
  static void RunStrips(StripTask task, size_t strip_bytes) {
    constexpr size_t kTurn = 16 / kStrips;
    const size_t steps = StepsOf(task.k);
    const std::byte* const first = task.strip;
    V32 sums[kStrips][kStripRows / kFour][1][kFour];
    for (auto& strip : sums) {
      for (auto& four : strip) Clear(four);
    }
    for (size_t i = 0; i < steps;) {
      const size_t count = steps - i < kTurn ? steps - i : kTurn;
#pragma GCC unroll 1
      for (size_t s = 0; s < kStrips; ++s) {
        task.strip = first + s * strip_bytes;
        for (size_t f = 0; f < kStripRows / kFour; ++f)
          Add<1>(task, i, count, f * kFour, sums[s][f]);
      }
      i += count;
    }
#pragma GCC unroll 1
    for (size_t s = 0; s < kStrips; ++s, task.y += kStripRows) {
      task.strip = first + s * strip_bytes;
      for (size_t f = 0; f < kStripRows / kFour; ++f) Finish<1>(task, f * kFour, sums[s][f]);
    }
  }

 private:
  static constexpr size_t kFour = 4;

  template <size_t kCount>
  static HWY_INLINE void Clear(V32 (&sum)[kCount][kFour]) {
    QUANTA_UNROLL
    for (size_t r = 0; r < kCount; ++r) {
      QUANTA_UNROLL
      for (size_t c = 0; c < kFour; ++c) sum[r][c] = hn::Zero(kI32);
    }
  }

  /// Steps [begin, begin + count) of four columns from `column` on.
  template <size_t kCount>
  static HWY_INLINE void Add(const StripTask& task, size_t begin, size_t count, size_t column,
                             V32 (&all)[kCount][kFour]) {
    V32 sum[kCount][kFour];
    QUANTA_UNROLL
    for (size_t r = 0; r < kCount; ++r) {
      QUANTA_UNROLL
      for (size_t c = 0; c < kFour; ++c) sum[r][c] = all[r][c];
    }
    const std::byte* from = task.strip + kStripHead + begin * kStepBytes + column * kStepColumns;
    const int8_t* q = task.row(0).q() + begin * kStepColumns;
    for (size_t i = 0; i < count; ++i, q += kStepColumns, from += kStepBytes) {
      V16 w[kFour];
      QUANTA_UNROLL
      for (size_t c = 0; c < kFour; ++c) w[c] = Load8(from + c * kStepColumns);
      QUANTA_UNROLL
      for (size_t r = 0; r < kCount; ++r) {
        const V16 x = Load8(q + r * task.row_bytes);
        QUANTA_UNROLL
        for (size_t c = 0; c < kFour; ++c) {
          sum[r][c] = hn::Add(sum[r][c], hn::WidenMulPairwiseAdd(kI32, w[c], x));
        }
      }
    }
    QUANTA_UNROLL
    for (size_t r = 0; r < kCount; ++r) {
      QUANTA_UNROLL
      for (size_t c = 0; c < kFour; ++c) all[r][c] = sum[r][c];
    }
  }

  template <size_t kCount>
  static HWY_INLINE void Finish(const StripTask& task, size_t column,
                                const V32 (&sum)[kCount][kFour]) {
    const auto* sums = reinterpret_cast<const int32_t*>(task.strip) + column;
    const std::byte* scales =
        task.strip + kStripHead + StepsOf(task.k) * kStepBytes + column * sizeof(float);
    QUANTA_UNROLL
    for (size_t r = 0; r < kCount; ++r) {
      const QuantizedRow& row = task.row(r);
      const V32 zero = hn::Mul(hn::Set(kI32, row.zero_point), hn::LoadU(kI32, sums));
      const V32 all = AddPairs(AddPairs(sum[r][0], sum[r][1]), AddPairs(sum[r][2], sum[r][3]));
      const V4 y = hn::Mul(hn::ConvertTo(kF4, hn::Add(all, zero)), hn::Set(kF4, row.scale));
      hn::StoreU(hn::Mul(y, LoadFloats(scales)), kF4, task.y + r * task.y_stride + column);
    }
  }
};

constexpr auto MatMulQ8 = MatMulEitherWay<Q8>;
constexpr auto MatMulQ4 = MatMulEitherWay<Q4>;
#elif HWY_ARCH_X86
constexpr auto MatMulQ8 = MatMulQ8Avx2;
constexpr auto MatMulQ4 = MatMulQ4Avx2;
#else
constexpr auto MatMulQ8 = MatMulQ8Neon;
constexpr auto MatMulQ4 = MatMulQ4Neon;
#endif

/// Looking rows up is not worth more than plain loops.
void Gather(const Weights& w, uint32_t row, float* out) {
  UnpackRow(w.panel, StripOf(w, row), w.k, row % kStripRows, out);
}

void FillPanels(KernelTable* table) {
  table->fused = HWY_NATIVE_FMA;
  table->matmul[static_cast<int>(Panel::kQ8)] = MatMulQ8;
  table->matmul[static_cast<int>(Panel::kQ4)] = MatMulQ4;
  table->gather[static_cast<int>(Panel::kQ8)] = Gather;
  table->gather[static_cast<int>(Panel::kQ4)] = Gather;
}

}  // namespace
}  // namespace quanta::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace quanta::kernels {
HWY_EXPORT(FillPanels);
void FillPanels(KernelTable* table) { HWY_DYNAMIC_DISPATCH(FillPanels)(table); }
}  // namespace quanta::kernels
#endif
