// SPDX-License-Identifier: MIT
#ifdef __wasm_relaxed_simd__
#include <wasm_simd128.h>

#include "runtime/kernels/quant/drive.h"
#include "runtime/kernels/quant/kernels_wasm.h"
#include "runtime/kernels/quant/target.h"

// Products for engines with relaxed SIMD: a dot product of signed bytes (the first operand) and
// 7-bit bytes (the second), four to a lane. With both in their ranges its result is the same on
// every engine (Relaxed SIMD proposal, relaxed integer dot product); nothing else that is relaxed
// is used. A vector holds 2 columns of 8 bytes, two sums each.

namespace quanta::kernels {
namespace {

QUANTA_INLINE v128_t Load(const void* from) { return wasm_v128_load(from); }
QUANTA_INLINE v128_t Splat8(const void* from) { return wasm_v128_load64_splat(from); }
QUANTA_INLINE v128_t Dot(v128_t bytes, v128_t bytes7, v128_t sum) {
  return wasm_i32x4_relaxed_dot_i8x16_i7x16_add(bytes, bytes7, sum);
}
/// A constant by way of memory: V8 makes one that it knows anew at each use.
QUANTA_INLINE v128_t Opaque(v128_t value) {
  volatile v128_t kept = value;
  return kept;
}
/// { a0 + a1, a2 + a3, b0 + b1, b2 + b3 }
QUANTA_INLINE v128_t AddPairs(v128_t a, v128_t b) {
  return wasm_i32x4_add(wasm_i32x4_shuffle(a, b, 0, 2, 4, 6), wasm_i32x4_shuffle(a, b, 1, 3, 5, 7));
}

/// One row: as many streams from memory. (There is no instruction that fetches ahead.)
using RowOrder = SideBySide<4, 0>;

struct Q4 {
  static constexpr size_t kRows = 8;

  /// Nibbles as q + 8, for 4 columns: low and high ones of each of four vectors.
  struct Nibbles {
    v128_t low[4], high[4];
  };
  struct Masks {
    v128_t flip = Opaque(wasm_i8x16_const_splat(-0x78));
    v128_t low = Opaque(wasm_i8x16_const_splat(0x0F));
    v128_t first = Opaque(wasm_i32x4_const(-1, 0, -1, 0));
  };
  static QUANTA_INLINE void Unpack(const std::byte* from, const Masks& masks, Nibbles* nibbles) {
#pragma GCC unroll 4
    for (size_t i = 0; i < 4; ++i) {
      // Two vectors of each half of the group.
      const v128_t v =
          wasm_v128_xor(Load(from + i / 2 * (kNibbleBytes / 2) + i % 2 * 16), masks.flip);
      nibbles->low[i] = wasm_v128_and(v, masks.low);
      nibbles->high[i] = wasm_v128_and(wasm_u16x8_shr(v, 4), masks.low);
    }
  }

  /// Of 4 columns: what a group adds to the sums of q (w + 8); `offset`: -8 times the sum of q,
  /// for one of each column's two sums.
  static QUANTA_INLINE v128_t Sum(const int8_t* q, v128_t offset, const Nibbles& w) {
    const v128_t x0 = Splat8(q), x1 = Splat8(q + 8), x2 = Splat8(q + 16), x3 = Splat8(q + 24);
    v128_t a = Dot(x0, w.low[0], offset), b = Dot(x0, w.low[1], offset);
    a = Dot(x1, w.high[0], a);
    b = Dot(x1, w.high[1], b);
    a = Dot(x2, w.low[2], a);
    b = Dot(x2, w.low[3], b);
    a = Dot(x3, w.high[2], a);
    b = Dot(x3, w.high[3], b);
    return wasm_f32x4_convert_i32x4(AddPairs(a, b));
  }

  static QUANTA_INLINE v128_t Offset(const void* offset, const Masks& masks) {
    return wasm_v128_and(wasm_v128_load32_splat(offset), masks.first);
  }
  static QUANTA_INLINE v128_t Scales(const std::byte* from) {
    return wasm_i32x4_shl(wasm_u32x4_load16x4(from), 16);
  }
  // Sums are kept as sixteenths, as the scales are.
  static QUANTA_INLINE v128_t FirstTerm(const QuantizedRow& row, const std::byte* sums) {
    return wasm_f32x4_mul(wasm_f32x4_splat(static_cast<float>(row.zero_point) * 0.0625f),
                          Load(sums));
  }

  template <size_t kCount>
  static void Run(const StripTask& task) {
    if constexpr (kCount == 1) {
      RunStrips<RowOrder, 1>(task, 0);
    } else {
      for (size_t column = 0; column < kStripRows; column += 4) ManyRows<kCount>(task, column);
    }
  }

  template <class Order, size_t kStrips>
  static void RunStrips(const StripTask& task, size_t strip_bytes) {
    const Masks masks;
    const QuantizedRow& row = task.row(0);
    const int8_t* q = row.q();
    const int32_t* offsets = row.offsets(task.k);
    const std::byte* from = task.strip + kStripHead;
    const std::byte* const end = from + GroupsOf(task.k) * kGroupBytes;
    v128_t f[kStrips][4];
#pragma GCC unroll 8
    for (size_t s = 0; s < kStrips; ++s) {
#pragma GCC unroll 4
      for (size_t c = 0; c < 4; ++c) {
        f[s][c] = FirstTerm(row, task.strip + s * strip_bytes + c * 16);
      }
    }
    for (; from != end; from += kGroupBytes, q += kGroupColumns, ++offsets) {
      const v128_t offset = Offset(offsets, masks);
#pragma GCC unroll 8
      for (size_t s = 0; s < kStrips; ++s) {
        const std::byte* group = from + s * strip_bytes;
#pragma GCC unroll 4
        for (size_t c = 0; c < 4; ++c) {
          Nibbles w;
          Unpack(group + c * 32, masks, &w);
          const v128_t scales = Scales(group + kNibbleBytes + c * 8);
          f[s][c] = wasm_f32x4_add(f[s][c], wasm_f32x4_mul(Sum(q, offset, w), scales));
        }
      }
    }
    const v128_t scale = wasm_f32x4_splat(16 * row.scale);
#pragma GCC unroll 8
    for (size_t s = 0; s < kStrips; ++s) {
#pragma GCC unroll 4
      for (size_t c = 0; c < 4; ++c) {
        wasm_v128_store(task.y + s * kStripRows + c * 4, wasm_f32x4_mul(f[s][c], scale));
      }
    }
  }

  /// 4 columns from `column` on.
  template <size_t kCount>
  static void ManyRows(const StripTask& task, size_t column) {
    const Masks masks;
    const std::byte* from = task.strip + kStripHead + column * kStepColumns;
    const std::byte* scales = task.strip + kStripHead + kNibbleBytes + column * 2;
    const std::byte* const end = from + GroupsOf(task.k) * kGroupBytes;
    const int8_t* q = task.row(0).q();
    const auto* offsets = reinterpret_cast<const int8_t*>(task.row(0).offsets(task.k));
    v128_t f[kCount];
#pragma GCC unroll 8
    for (size_t r = 0; r < kCount; ++r) f[r] = FirstTerm(task.row(r), task.strip + column * 4);
    for (; from != end; from += kGroupBytes, scales += kGroupBytes) {
      Nibbles w;
      Unpack(from, masks, &w);
      const v128_t scale = Scales(scales);
      const int8_t* x = q;
      const int8_t* offset = offsets;
#pragma GCC unroll 8
      for (size_t r = 0; r < kCount; ++r, x += task.row_bytes, offset += task.row_bytes) {
        const v128_t sum = Sum(x, Offset(offset, masks), w);
        f[r] = wasm_f32x4_add(f[r], wasm_f32x4_mul(sum, scale));
      }
      q += kGroupColumns;
      offsets += sizeof(int32_t);
    }
#pragma GCC unroll 8
    for (size_t r = 0; r < kCount; ++r) {
      wasm_v128_store(task.y + r * task.y_stride + column,
                      wasm_f32x4_mul(f[r], wasm_f32x4_splat(16 * task.row(r).scale)));
    }
  }
};

/// Activations have 8 bits: u = q + 128 is 2 (u >> 1) + (u & 1), two products of 7 bits.
struct Q8 {
  static constexpr size_t kRows = 2;

  template <size_t kCount>
  static void Run(const StripTask& task) {
    if constexpr (kCount == 1) {
      RunStrips<RowOrder, 1>(task, 0);
    } else {
      const size_t steps = StepsOf(task.k);
      for (size_t half = 0; half < 2; ++half) {
        Sums<kCount> sums;
        sums.Clear();
        Add<kCount>(task, 0, steps, half, &sums);
        Finish<kCount>(task, half, sums);
      }
    }
  }

  /// Vectors have room for the sums of eight columns. For one row, which comes from memory, those
  /// of all strips take turns every few steps, while the steps are in the first-level cache.
  template <class Order, size_t kStrips>
  static void RunStrips(StripTask task, size_t strip_bytes) {
    constexpr size_t kTurn = 8;
    const size_t steps = StepsOf(task.k);
    const std::byte* const first = task.strip;
    Sums<1> sums[kStrips][2];
    for (auto& strip : sums) {
      for (Sums<1>& half : strip) half.Clear();
    }
    for (size_t i = 0; i < steps;) {
      const size_t count = steps - i < kTurn ? steps - i : kTurn;
      for (size_t s = 0; s < kStrips; ++s) {
        task.strip = first + s * strip_bytes;
        for (size_t half = 0; half < 2; ++half) Add<1>(task, i, count, half, &sums[s][half]);
      }
      i += count;
    }
    for (size_t s = 0; s < kStrips; ++s, task.y += kStripRows) {
      task.strip = first + s * strip_bytes;
      for (size_t half = 0; half < 2; ++half) Finish<1>(task, half, sums[s][half]);
    }
  }

 private:
  static constexpr size_t kColumns = 8, kPairs = kColumns / 2;

  /// Of two products, for pairs of columns, two lanes each.
  template <size_t kCount>
  struct Sums {
    v128_t high[kCount][kPairs], low[kCount][kPairs];

    QUANTA_INLINE void Clear() {
#pragma GCC unroll 4
      for (size_t r = 0; r < kCount; ++r) {
#pragma GCC unroll 4
        for (size_t p = 0; p < kPairs; ++p) high[r][p] = low[r][p] = wasm_i32x4_const_splat(0);
      }
    }
  };

  /// Steps [begin, begin + count) of half of the columns.
  template <size_t kCount>
  static QUANTA_INLINE void Add(const StripTask& task, size_t begin, size_t count, size_t half,
                                Sums<kCount>* all) {
    const v128_t flip = Opaque(wasm_i8x16_const_splat(-128));
    const v128_t one = Opaque(wasm_i8x16_const_splat(1));
    Sums<kCount> sums = *all;
    const std::byte* from =
        task.strip + kStripHead + begin * kStepBytes + half * kColumns * kStepColumns;
    const std::byte* const end = from + count * kStepBytes;
    const int8_t* q = task.row(0).q() + begin * kStepColumns;
    for (; from != end; from += kStepBytes, q += kStepColumns) {
      const int8_t* x = q;
#pragma GCC unroll 4
      for (size_t r = 0; r < kCount; ++r, x += task.row_bytes) {
        const v128_t u = wasm_v128_xor(Splat8(x), flip);
        const v128_t high = wasm_u8x16_shr(u, 1), low = wasm_v128_and(u, one);
#pragma GCC unroll 4
        for (size_t p = 0; p < kPairs; ++p) {
          const v128_t w = Load(from + p * 16);
          sums.high[r][p] = Dot(w, high, sums.high[r][p]);
          sums.low[r][p] = Dot(w, low, sums.low[r][p]);
        }
      }
    }
    *all = sums;
  }

  template <size_t kCount>
  static QUANTA_INLINE void Finish(const StripTask& task, size_t half, const Sums<kCount>& sums) {
    const size_t column = half * kColumns;
    const std::byte* columns = task.strip + column * sizeof(int32_t);
    const std::byte* scales = columns + kStripHead + StepsOf(task.k) * kStepBytes;
#pragma GCC unroll 4
    for (size_t r = 0; r < kCount; ++r) {
      const QuantizedRow& row = task.row(r);
      const v128_t zero = wasm_i32x4_splat(row.zero_point + 128);
      const v128_t scale = wasm_f32x4_splat(row.scale);
#pragma GCC unroll 2
      for (size_t p = 0; p < kPairs; p += 2) {
        const v128_t a = wasm_i32x4_add(wasm_i32x4_shl(sums.high[r][p], 1), sums.low[r][p]);
        const v128_t b = wasm_i32x4_add(wasm_i32x4_shl(sums.high[r][p + 1], 1), sums.low[r][p + 1]);
        const v128_t all =
            wasm_i32x4_add(AddPairs(a, b), wasm_i32x4_mul(zero, Load(columns + p * 8)));
        const v128_t y = wasm_f32x4_mul(wasm_f32x4_convert_i32x4(all), scale);
        wasm_v128_store(task.y + r * task.y_stride + column + p * 2,
                        wasm_f32x4_mul(y, Load(scales + p * 8)));
      }
    }
  }
};

}  // namespace

void MatMulQ8Relaxed(const MatMulTile& tile) {
  if (tile.rows == 1) return RowDriver<Q8, RowOrder>::MatMul(tile);
  StripDriver<Q8>::MatMul(tile);
}
void MatMulQ4Relaxed(const MatMulTile& tile) {
  if (tile.rows == 1) return RowDriver<Q4, RowOrder>::MatMul(tile);
  StripDriver<Q4>::MatMul(tile);
}

}  // namespace quanta::kernels
#endif
