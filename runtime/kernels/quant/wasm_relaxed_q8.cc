// SPDX-License-Identifier: MIT
#ifdef __wasm_relaxed_simd__
#include "runtime/kernels/quant/kernels_wasm.h"
#include "runtime/kernels/quant/wasm_relaxed_q8-inl.h"

namespace quanta::kernels {
namespace {

/// Whether the dot product of four bytes `w` and four `x` is 4 `product`, for all of what q8
/// multiplies that could overflow on the way there.
bool Gives(int8_t w, int8_t x, int32_t product) {
  const v128_t sum = wasm::Dot(wasm::Opaque(wasm_i8x16_splat(w)), wasm::Opaque(wasm_i8x16_splat(x)),
                               wasm_i32x4_const_splat(1));
  return wasm_i32x4_all_true(wasm_i32x4_eq(sum, wasm_i32x4_splat(4 * product + 1)));
}

}  // namespace

ByteProducts EngineByteProducts() {
  bool is_unsigned = true, is_signed = true;
  for (const int w : {-127, -1, 127}) {
    for (const int x : {-128, -127, -1, 0, 1, 127}) {
      const auto a = static_cast<int8_t>(w), b = static_cast<int8_t>(x);
      is_unsigned &= Gives(a, b, w * (x & 255));
      is_signed &= Gives(a, b, w * x);
    }
  }
  return is_unsigned ? ByteProducts::kUnsigned
         : is_signed ? ByteProducts::kSigned
                     : ByteProducts::kSevenBits;
}

void MatMulQ8RelaxedUnsigned(const MatMulTile& tile) { wasm::MatMulQ8<wasm::Unsigned<>>(tile); }
void MatMulQ8RelaxedSigned(const MatMulTile& tile) { wasm::MatMulQ8<wasm::Signed<>>(tile); }

}  // namespace quanta::kernels
#endif
