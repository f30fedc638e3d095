// SPDX-License-Identifier: MIT
#ifdef __wasm_relaxed_simd__
#include "runtime/kernels/quant/kernels_wasm.h"
#include "runtime/kernels/quant/wasm_relaxed-inl.h"

namespace quanta::kernels {
namespace {

using namespace wasm;

/// Nibbles as q + 8, for 4 columns: low and high ones of each of four vectors, the first two of
/// which are of a group's first half.
struct Nibbles {
  v128_t low[4], high[4];
};

/// What a group adds to the sums of 4 columns, by two policies: Offset() is what Sum() wants of -8
/// times the sum of the group's q, which makes q out of q + 8.

/// In 32 bits, where the engine adds up four products in one instruction.
struct In32Bits {
  const v128_t first = Opaque(wasm_i32x4_const(-1, 0, -1, 0));

  /// For one of each column's two sums.
  QUANTA_INLINE v128_t Offset(const void* offset) const {
    return wasm_v128_and(wasm_v128_load32_splat(offset), first);
  }
  static QUANTA_INLINE v128_t Sum(const int8_t* q, v128_t offset, const Nibbles& w) {
    const v128_t x0 = Splat8(q), x1 = Splat8(q + 8), x2 = Splat8(q + 16), x3 = Splat8(q + 24);
    v128_t a = Dot(x0, w.low[0], offset), b = Dot(x0, w.low[1], offset);
    a = Dot(x1, w.high[0], a);
    b = Dot(x1, w.high[1], b);
    a = Dot(x2, w.low[2], a);
    b = Dot(x2, w.low[3], b);
    a = Dot(x3, w.high[2], a);
    b = Dot(x3, w.high[3], b);
    return AddPairs(a, b);
  }
};

/// In 16 bits, where it takes three for that: of a column's sixteen pairs of products, 3840 each at
/// most, eight fit.
struct In16Bits {
  const v128_t ones = Opaque(wasm_i16x8_const_splat(1));

  static QUANTA_INLINE v128_t Offset(const void* offset) { return wasm_v128_load32_splat(offset); }
  QUANTA_INLINE v128_t Sum(const int8_t* q, v128_t offset, const Nibbles& w) const {
    const v128_t x0 = Splat8(q), x1 = Splat8(q + 8), x2 = Splat8(q + 16), x3 = Splat8(q + 24);
    v128_t a = DotPairs(x0, w.low[0]), b = DotPairs(x0, w.low[1]);
    a = wasm_i16x8_add(a, DotPairs(x1, w.high[0]));
    b = wasm_i16x8_add(b, DotPairs(x1, w.high[1]));
    a = wasm_i16x8_add(a, DotPairs(x2, w.low[2]));
    b = wasm_i16x8_add(b, DotPairs(x2, w.low[3]));
    a = wasm_i16x8_add(a, DotPairs(x3, w.high[2]));
    b = wasm_i16x8_add(b, DotPairs(x3, w.high[3]));
    const v128_t both =
        wasm_i16x8_add(wasm_i32x4_shuffle(a, b, 0, 2, 4, 6), wasm_i32x4_shuffle(a, b, 1, 3, 5, 7));
    return wasm_i32x4_add(wasm_i32x4_dot_i16x8(both, ones), offset);
  }
};

template <class Sums>
struct Q4 {
  static constexpr size_t kRows = 8;

  struct Masks {
    v128_t flip = Opaque(wasm_i8x16_const_splat(-0x78));
    v128_t low = Opaque(wasm_i8x16_const_splat(0x0F));
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

  static QUANTA_INLINE v128_t Float(v128_t sums) { return wasm_f32x4_convert_i32x4(sums); }
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
    for (size_t column = 0; column < kStripRows; column += 4) FourColumns<kCount>(task, column);
  }

  template <class Fetching, size_t kStrips>
  static void RunStrips(const StripTask& task, size_t strip_bytes) {
    const Masks masks;
    const Sums sums;
    const QuantizedRow& row = task.row(0);
    const int8_t* q = row.q();
    const int32_t* offsets = row.offsets(task.k);
    const std::byte* from = task.strip + kStripHead;
    const std::byte* const end = from + GroupsOf(task.k) * kGroupBytes;
    v128_t f[kStrips][4];
#pragma GCC unroll 1
    for (size_t s = 0; s < kStrips; ++s) {
#pragma GCC unroll 4
      for (size_t c = 0; c < 4; ++c) {
        f[s][c] = FirstTerm(row, task.strip + s * strip_bytes + c * 16);
      }
    }
    for (; from != end; from += kGroupBytes, q += kGroupColumns, ++offsets) {
      const v128_t offset = sums.Offset(offsets);
#pragma GCC unroll 1
      for (size_t s = 0; s < kStrips; ++s) {
        const std::byte* group = from + s * strip_bytes;
#pragma GCC unroll 4
        for (size_t c = 0; c < 4; ++c) {
          Nibbles w;
          Unpack(group + c * 32, masks, &w);
          const v128_t scales = Scales(group + kNibbleBytes + c * 8);
          f[s][c] = wasm_f32x4_add(f[s][c], wasm_f32x4_mul(Float(sums.Sum(q, offset, w)), scales));
        }
      }
    }
    const v128_t scale = wasm_f32x4_splat(16 * row.scale);
#pragma GCC unroll 1
    for (size_t s = 0; s < kStrips; ++s) {
#pragma GCC unroll 4
      for (size_t c = 0; c < 4; ++c) {
        wasm_v128_store(task.y + s * kStripRows + c * 4, wasm_f32x4_mul(f[s][c], scale));
      }
    }
  }

  template <size_t kCount>
  static void FourColumns(const StripTask& task, size_t column) {
    const Masks masks;
    const Sums sums;
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
        const v128_t sum = Float(sums.Sum(x, sums.Offset(offset), w));
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

}  // namespace

void MatMulQ4Relaxed(const MatMulTile& tile) { MatMulEitherWay<Q4<In32Bits>>(tile); }
void MatMulQ4RelaxedI16(const MatMulTile& tile) { MatMulEitherWay<Q4<In16Bits>>(tile); }

}  // namespace quanta::kernels
#endif
