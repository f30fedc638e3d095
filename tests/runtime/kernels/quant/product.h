// SPDX-License-Identifier: MIT
#pragma once

#include <functional>

#include "runtime/kernels/quant/activations.h"
#include "runtime/kernels/quant/oracle.h"
#include "tests/runtime/kernels/quant/packed_matrix.h"

/// Products with quantized weights, and what they are compared with.
namespace quanta::kernels {

/// Rows of activations as a product reads them.
inline std::vector<std::byte> QuantizeRows(const std::vector<float>& x, size_t k) {
  std::vector<std::byte> rows(x.size() / k * QuantizedBytes(k));
  for (size_t t = 0; t * k < x.size(); ++t) {
    QuantizeRow(&x[t * k], k, rows.data() + t * QuantizedBytes(k));
  }
  return rows;
}

struct Product {
  size_t rows;
  PackedMatrix w;
  std::vector<float> x, bias;
  AlignedCopy panels, quantized;

  Product(PackedMatrix matrix, std::vector<float> activations)
      : rows(activations.size() / matrix.k),
        w(std::move(matrix)),
        x(std::move(activations)),
        bias(Random(3).Many(w.n)),
        panels(w.bytes),
        quantized(QuantizeRows(x, w.k)) {}
  Product(Panel panel, size_t row_count, size_t n, size_t k)
      : Product(PackedMatrix::Make(panel, n, k, n + k), Random(k).Many(row_count * k, 3)) {}
};

using MatMulFunction = std::function<void(const MatMulTile&)>;

/// y[t0 .. t1, begin .. end), written into `y` [rows, y_stride]; y_stride 0: n.
inline void Multiply(const MatMulFunction& function, const Product& p, bool with_bias, size_t t0,
                     size_t t1, size_t begin, size_t end, float* y, size_t y_stride = 0) {
  if (y_stride == 0) y_stride = p.w.n;
  const Weights weights = p.w.weights(p.panels);
  function({.w = &weights,
            .bias = with_bias ? p.bias.data() : nullptr,
            .x = nullptr,
            .quantized = p.quantized.data() + t0 * QuantizedBytes(p.w.k),
            .y = y + t0 * y_stride,
            .y_stride = y_stride,
            .rows = static_cast<uint32_t>(t1 - t0),
            .begin = static_cast<uint32_t>(begin),
            .end = static_cast<uint32_t>(end)});
}

/// `function` makes the same bits as the plain loops; `fused`: KernelTable::fused.
inline void ExpectTheOraclesBits(const MatMulFunction& function, bool fused, const Product& p,
                                 bool with_bias = false) {
  const auto oracle = [fused](const MatMulTile& tile) { MultiplyPanels(tile, fused); };
  Guarded<float> y(p.rows * p.w.n);
  std::vector<float> expected(p.rows * p.w.n);
  Multiply(function, p, with_bias, 0, p.rows, 0, p.w.n, y.data());
  Multiply(oracle, p, with_bias, 0, p.rows, 0, p.w.n, expected.data());
  EXPECT_TRUE(y.Intact());
  ASSERT_TRUE(SameBits<float>(y.span(), expected))
      << static_cast<int>(p.w.panel) << ": " << p.rows << " x " << p.w.n << " x " << p.w.k;
  for (const float value : expected) ASSERT_TRUE(std::isfinite(value));
}

}  // namespace quanta::kernels
