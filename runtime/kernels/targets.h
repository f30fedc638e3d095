// SPDX-License-Identifier: MIT
#pragma once

/// The instruction sets that every kernel is compiled for. Include before any
/// header of Highway.
///
/// x86-64: SSE2 (the baseline), AVX2 with FMA and F16C, AVX-512; the sets between
/// and above gain these kernels nothing. aarch64: plain NEON, which has all that
/// they use. WebAssembly: whatever the compiler may use.
#define HWY_DISABLED_TARGETS                                                                      \
  (HWY_SSSE3 | HWY_SSE4 | HWY_AVX3_DL | HWY_AVX3_ZEN4 | HWY_AVX3_SPR | HWY_NEON | HWY_NEON_BF16 | \
   HWY_SVE | HWY_SVE2 | HWY_SVE_256 | HWY_SVE2_128)

#include <cstddef>

#include "runtime/kernels/kernels.h"

namespace quanta::kernels {

// Each unit's entries for the target that Highway is set to.
void FillAttention(KernelTable* table);
void FillElementwise(KernelTable* table);
void FillMatMul(KernelTable* table);
void FillNorm(KernelTable* table);
void FillPanels(KernelTable* table);
void FillQuantize(KernelTable* table);
void FillRope(KernelTable* table);

/// How many tables this CPU can run. For tests: programs use Best().
size_t TableCount();
/// From the slowest to the fastest, which is Best().
const KernelTable& TableAt(size_t index);

}  // namespace quanta::kernels
