// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>

#include "runtime/kernels/kernels.h"

/// Numbers as the runtime's q8 and q4 have them, by the code that makes those
/// (runtime/kernels/quant). The way back is the identity: Bengio et al. 2013 (straight-through).
namespace quanta::train {

/// What `panel` (kQ8 or kQ4) makes of the rows [begin, end) of w [.., k], as floats again.
/// `scratch`: [k] bytes.
void QuantizeWeightRows(kernels::Panel panel, const float* w, size_t begin, size_t end, size_t k,
                        int8_t* scratch, float* out);

/// What products with such weights make of their inputs x [rows, k]; out may be x.
/// `scratch`: kernels::QuantizedBytes(k) bytes, 64-byte aligned.
void QuantizeActivations(const float* x, size_t rows, size_t k, std::byte* scratch, float* out);

}  // namespace quanta::train
