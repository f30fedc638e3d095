// SPDX-License-Identifier: MIT
#pragma once

#include "runtime/kernels/kernels.h"

/// Products with q8 and q4 weights on x86-64. KernelTable::matmul each; call them only
/// where the CPU has what they need.
namespace quanta::kernels {

void MatMulQ8Avx2(const MatMulTile& tile);
void MatMulQ4Avx2(const MatMulTile& tile);

/// "Zen", here and below: for AMD's cores, to which one stream that is fetched ahead brings more
/// from memory than the several side by side that Intel's need.
void MatMulQ8Avx2Zen(const MatMulTile& tile);
void MatMulQ4Avx2Zen(const MatMulTile& tile);
bool IsAmd();

/// AVX2, FMA and AVX-VNNI: products of bytes without AVX-512.
void MatMulQ8AvxVnni(const MatMulTile& tile);
void MatMulQ4AvxVnni(const MatMulTile& tile);
bool HasAvxVnni();

/// AVX-512 F, BW, VL and VNNI.
void MatMulQ8Vnni(const MatMulTile& tile);
void MatMulQ4Vnni(const MatMulTile& tile);
bool HasAvx512Vnni();
void MatMulQ8VnniZen(const MatMulTile& tile);
void MatMulQ4VnniZen(const MatMulTile& tile);

/// AMX with int8 besides; only after EnableAmx, which asks the system for it, has said yes.
void MatMulQ8Amx(const MatMulTile& tile);
void MatMulQ4Amx(const MatMulTile& tile);
bool EnableAmx();

}  // namespace quanta::kernels
