// SPDX-License-Identifier: MIT
#pragma once

#include "runtime/kernels/kernels.h"

/// Products with q8 and q4 weights on WebAssembly with relaxed SIMD: KernelTable::matmul
/// each, in builds with -mrelaxed-simd only. An engine without it refuses the whole
/// module, so a page loads the one that WebAssembly.validate accepts.
namespace quanta::kernels {

void MatMulQ8Relaxed(const MatMulTile& tile);
void MatMulQ4Relaxed(const MatMulTile& tile);

}  // namespace quanta::kernels
