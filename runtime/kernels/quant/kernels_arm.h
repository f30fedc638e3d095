// SPDX-License-Identifier: MIT
#pragma once

#include "runtime/kernels/kernels.h"

/// Products with q8 and q4 weights on 64-bit ARM. KernelTable::matmul each.
namespace quanta::kernels {

void MatMulQ8Neon(const MatMulTile& tile);
void MatMulQ4Neon(const MatMulTile& tile);

/// Armv8.2 with dot products (SDOT): call them only where the CPU has those.
void MatMulQ8Dot(const MatMulTile& tile);
void MatMulQ4Dot(const MatMulTile& tile);
bool HasDotProducts();

}  // namespace quanta::kernels
