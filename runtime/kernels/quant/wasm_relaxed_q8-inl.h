// SPDX-License-Identifier: MIT
#pragma once

#include "runtime/kernels/quant/wasm_relaxed-inl.h"

/// q8 by dot products of bytes. Activations have 8 bits, one more than the relaxed dot product
/// promises to take, so that this is for engines that keep more than that (EngineByteProducts). A
/// policy says how they take them:
///   kOffset       what is added to an activation's q before it is multiplied
///   Operand(q)    eight activations, twice
///   kDot          Dot, but for tests of one engine's way on another
namespace quanta::kernels::wasm {

using DotFunction = v128_t (*)(v128_t bytes, v128_t operand, v128_t sum);

/// The second operand's bytes are unsigned.
template <DotFunction kDotFunction = Dot>
struct Unsigned {
  static constexpr int32_t kOffset = 128;
  static constexpr DotFunction kDot = kDotFunction;
  const v128_t flip = Opaque(wasm_i8x16_const_splat(-128));
  QUANTA_INLINE v128_t Operand(const int8_t* q) const { return wasm_v128_xor(Splat8(q), flip); }
};

/// They are signed.
template <DotFunction kDotFunction = Dot>
struct Signed {
  static constexpr int32_t kOffset = 0;
  static constexpr DotFunction kDot = kDotFunction;
  static QUANTA_INLINE v128_t Operand(const int8_t* q) { return Splat8(q); }
};

template <class Policy>
struct Q8 {
  static constexpr size_t kRows = 2;

  template <size_t kCount>
  static void Run(const StripTask& task) {
    const Policy policy;
    const size_t steps = StepsOf(task.k);
    for (size_t pair = 0; pair < kStripPairs; pair += kPairsOfRows) {
      Sums<kCount, kPairsOfRows> sums;
      sums.Clear();
      Add(policy, task, 0, steps, pair, &sums);
      Finish(task, pair, sums);
    }
  }

  /// For one row, which comes from memory, all strips' columns take turns every few steps, while
  /// the steps are in the first-level cache.
  template <class Fetching, size_t kStrips>
  static void RunStrips(StripTask task, size_t strip_bytes) {
    constexpr size_t kTurn = 32 / kStrips;
    const Policy policy;
    const size_t steps = StepsOf(task.k);
    const std::byte* const first = task.strip;
    Sums<1, kStripPairs> sums[kStrips];
    for (auto& strip : sums) strip.Clear();
    for (size_t i = 0; i < steps;) {
      const size_t count = steps - i < kTurn ? steps - i : kTurn;
#pragma GCC unroll 1
      for (size_t s = 0; s < kStrips; ++s) {
        task.strip = first + s * strip_bytes;
        Add(policy, task, i, count, 0, &sums[s]);
      }
      i += count;
    }
#pragma GCC unroll 1
    for (size_t s = 0; s < kStrips; ++s, task.y += kStripRows) {
      task.strip = first + s * strip_bytes;
      Finish(task, 0, sums[s]);
    }
  }

 private:
  static constexpr size_t kStripPairs = kStripRows / 2;
  static constexpr size_t kPairsOfRows = 4;  ///< at a time, for more than one row

  template <size_t kCount, size_t kPairs>
  struct Sums {
    v128_t of[kCount][kPairs];

    QUANTA_INLINE void Clear() {
#pragma GCC unroll 4
      for (size_t r = 0; r < kCount; ++r) {
#pragma GCC unroll 8
        for (size_t p = 0; p < kPairs; ++p) of[r][p] = wasm_i32x4_const_splat(0);
      }
    }
  };

  /// Steps [begin, begin + count) of kPairs pairs of columns from `pair` on.
  template <size_t kCount, size_t kPairs>
  static QUANTA_INLINE void Add(const Policy& policy, const StripTask& task, size_t begin,
                                size_t count, size_t pair, Sums<kCount, kPairs>* all) {
    Sums<kCount, kPairs> sums = *all;
    const std::byte* from = task.strip + kStripHead + begin * kStepBytes + pair * 16;
    const std::byte* const end = from + count * kStepBytes;
    const int8_t* q = task.row(0).q() + begin * kStepColumns;
    for (; from != end; from += kStepBytes, q += kStepColumns) {
      const int8_t* x = q;
#pragma GCC unroll 4
      for (size_t r = 0; r < kCount; ++r, x += task.row_bytes) {
        const v128_t operand = policy.Operand(x);
#pragma GCC unroll 8
        for (size_t p = 0; p < kPairs; ++p) {
          sums.of[r][p] = Policy::kDot(Load(from + p * 16), operand, sums.of[r][p]);
        }
      }
    }
    *all = sums;
  }

  template <size_t kCount, size_t kPairs>
  static QUANTA_INLINE void Finish(const StripTask& task, size_t pair,
                                   const Sums<kCount, kPairs>& sums) {
    const std::byte* columns = task.strip + pair * 2 * sizeof(int32_t);
    const std::byte* scales = columns + kStripHead + StepsOf(task.k) * kStepBytes;
#pragma GCC unroll 4
    for (size_t r = 0; r < kCount; ++r) {
      const QuantizedRow& row = task.row(r);
      const v128_t zero = wasm_i32x4_splat(row.zero_point + Policy::kOffset);
      const v128_t scale = wasm_f32x4_splat(row.scale);
#pragma GCC unroll 4
      for (size_t p = 0; p < kPairs; p += 2) {
        const v128_t all = wasm_i32x4_add(AddPairs(sums.of[r][p], sums.of[r][p + 1]),
                                          wasm_i32x4_mul(zero, Load(columns + p * 8)));
        const v128_t y = wasm_f32x4_mul(wasm_f32x4_convert_i32x4(all), scale);
        wasm_v128_store(task.y + r * task.y_stride + (pair + p) * 2,
                        wasm_f32x4_mul(y, Load(scales + p * 8)));
      }
    }
  }
};

template <class Policy>
void MatMulQ8(const MatMulTile& tile) {
  MatMulEitherWay<Q8<Policy>>(tile);
}

}  // namespace quanta::kernels::wasm
