// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>

#include "runtime/kernels/kernels.h"

/// Quantized operations as plain loops: what every kernel's result must equal.
namespace quanta::kernels {

/// QuantizedRow of x [k]; KernelTable::quantize.
void QuantizeRow(const float* x, size_t k, std::byte* out);

/// KernelTable::matmul for q8 and q4. With row r of the activations and column j of the
/// weights, all in f32 and in this order (of q8, the sums in 64-bit integers):
///   q8: y = (sum_k q w + zero_point * sum[j]) * r.scale * scale[j]
///   q4: f = zero_point * sum[j]; for each group g: f += (sum_k q w) * scale[j, g];
///       y = f * r.scale
/// then y + bias[j] if there is a bias. `fused`: "f +=" rounds once.
void MultiplyPanels(const MatMulTile& tile, bool fused);

/// KernelTable::gather for q8 and q4.
void GatherPanel(const Weights& w, uint32_t row, float* out);

}  // namespace quanta::kernels
