// SPDX-License-Identifier: MIT
#pragma once

#include "runtime/kernels/kernels.h"

/// Products with q8 and q4 weights on WebAssembly with relaxed SIMD: KernelTable::matmul
/// each, in builds with -mrelaxed-simd only. An engine without it refuses the whole
/// module, so a page loads the one that WebAssembly.validate accepts.
namespace quanta::kernels {

/// What the engine's relaxed dot product makes of a second operand of 8 bits. The proposal leaves
/// it to the engine, which stays with its choice: V8 takes the processor's best instruction, which
/// is exact for them on ARM with dot products (signed) and on x86 with AVX-VNNI (unsigned).
enum class ByteProducts : uint8_t { kSevenBits, kUnsigned, kSigned };

/// By trying.
ByteProducts EngineByteProducts();

void MatMulQ8RelaxedUnsigned(const MatMulTile& tile);
void MatMulQ8RelaxedSigned(const MatMulTile& tile);
void MatMulQ4Relaxed(const MatMulTile& tile);
void MatMulQ4RelaxedI16(const MatMulTile& tile);

}  // namespace quanta::kernels
