// SPDX-License-Identifier: MIT
#pragma once

/// What the kernels for engines with relaxed SIMD share: a dot product of signed bytes (the first
/// operand) and 7-bit bytes (the second), four to a lane. With both in their ranges its result is
/// the same on every engine (Relaxed SIMD proposal, relaxed integer dot product); nothing else that
/// is relaxed is used. A vector of weights holds 2 columns of 8 bytes, two sums each.
#include <wasm_simd128.h>

#include "runtime/kernels/quant/drive.h"
#include "runtime/kernels/quant/target.h"

namespace quanta::kernels::wasm {

QUANTA_INLINE v128_t Load(const void* from) { return wasm_v128_load(from); }
QUANTA_INLINE v128_t Splat8(const void* from) { return wasm_v128_load64_splat(from); }
QUANTA_INLINE v128_t Dot(v128_t bytes, v128_t bytes7, v128_t sum) {
  return wasm_i32x4_relaxed_dot_i8x16_i7x16_add(bytes, bytes7, sum);
}
/// Sums of two, in 16 bits: they must fit.
QUANTA_INLINE v128_t DotPairs(v128_t bytes, v128_t bytes7) {
  return wasm_i16x8_relaxed_dot_i8x16_i7x16(bytes, bytes7);
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

}  // namespace quanta::kernels::wasm
