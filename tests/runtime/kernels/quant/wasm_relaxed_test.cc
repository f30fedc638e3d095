// SPDX-License-Identifier: MIT
#ifdef __wasm_relaxed_simd__
#include "runtime/kernels/quant/faster_way.h"
#include "runtime/kernels/quant/kernels_wasm.h"
#include "runtime/kernels/quant/wasm_relaxed_q8-inl.h"
#include "tests/runtime/kernels/quant/product.h"

namespace quanta::kernels {
namespace {

/// What an engine makes of a relaxed dot product whose second operand has bytes of that kind.
template <bool kSigned>
v128_t ExactDot(v128_t bytes, v128_t operand, v128_t sum) {
  int8_t w[16], x[16];
  int32_t y[4];
  wasm_v128_store(w, bytes);
  wasm_v128_store(x, operand);
  wasm_v128_store(y, sum);
  for (int i = 0; i < 16; ++i) y[i / 4] += w[i] * (kSigned ? x[i] : x[i] & 255);
  return wasm_v128_load(y);
}

void ExpectTheOraclesBitsOfAllShapes(const MatMulFunction& function) {
  const bool fused = Best().fused;
  for (const int way : {0, 1}) {
    FasterWay::Force(way);
    for (const size_t k : kTails) {
      ExpectTheOraclesBits(function, fused, Product(Panel::kQ8, 1, 150, k), true);
    }
  }
  FasterWay::Force(-1);
  for (const size_t rows : {2u, 3u, 4u, 5u, 6u, 7u, 17u}) {
    ExpectTheOraclesBits(function, fused, Product(Panel::kQ8, rows, 35, 100), true);
  }
  PackedMatrix w = PackedMatrix::Make(Panel::kQ8, 16, 320, 1);
  for (const int weight : {-127, 127}) {
    std::fill(w.q.begin(), w.q.end(), weight);
    w.Pack();
    for (const float x : {-1.0f, 1.0f}) {
      ExpectTheOraclesBits(function, fused, Product(w, std::vector<float>(3 * 320, x)));
    }
  }
}

TEST(WasmRelaxed, IsTheOracleOnEnginesWithUnsignedBytes) {
  ExpectTheOraclesBitsOfAllShapes(wasm::MatMulQ8<wasm::Unsigned<ExactDot<false>>>);
}

TEST(WasmRelaxed, IsTheOracleOnEnginesWithSignedBytes) {
  ExpectTheOraclesBitsOfAllShapes(wasm::MatMulQ8<wasm::Signed<ExactDot<true>>>);
}

TEST(WasmRelaxed, SaysWhatTheEngineMakesOfEightBits) {
  // 127 * 255 four times, or what is left of it in 16 bits; or of 127 * -1.
  const v128_t sum = wasm::Dot(wasm::Opaque(wasm_i8x16_splat(127)),
                               wasm::Opaque(wasm_i8x16_splat(-1)), wasm_i32x4_const_splat(0));
  switch (EngineByteProducts()) {
    case ByteProducts::kUnsigned:
      EXPECT_EQ(wasm_i32x4_extract_lane(sum, 0), 4 * 127 * 255);
      break;
    case ByteProducts::kSigned:
      EXPECT_EQ(wasm_i32x4_extract_lane(sum, 0), -4 * 127);
      break;
    case ByteProducts::kSevenBits:
      EXPECT_NE(wasm_i32x4_extract_lane(sum, 0), 4 * 127 * 255);
      break;
  }
}

}  // namespace
}  // namespace quanta::kernels
#endif
