// SPDX-License-Identifier: MIT
#include "converter/calibrate/gram.h"

#include <algorithm>
#include <vector>

#include "runtime/core/thread_pool.h"
#include "runtime/kernels/kernels.h"

namespace quanta::converter {
namespace {

constexpr size_t kTileRows = 32;

/// t [columns, rows] of x [rows, columns].
void Transpose(const float* x, size_t rows, size_t columns, float* t, int threads) {
  constexpr size_t kTile = 16;
  ParallelFor(ThreadPool::Process(), (columns + kTile - 1) / kTile, threads, [&](size_t tile, int) {
    const size_t begin = tile * kTile, end = std::min(columns, begin + kTile);
    for (size_t i = 0; i < rows; ++i) {
      for (size_t j = begin; j < end; ++j) t[j * rows + i] = x[i * columns + j];
    }
  });
}

}  // namespace

double MeanDiagonal(const SquareMatrix& matrix) {
  double sum = 0;
  for (size_t i = 0; i < matrix.size(); ++i) sum += double{matrix.Row(i)[i]};
  return sum / static_cast<double>(matrix.size());
}

void AddToDiagonal(double value, SquareMatrix* matrix) {
  for (size_t i = 0; i < matrix->size(); ++i) matrix->Row(i)[i] += static_cast<float>(value);
}

void AddProducts(const float* t, size_t n, size_t k, float sign, float* h, size_t stride,
                 int threads) {
  const kernels::Weights weights = {reinterpret_cast<const std::byte*>(t), static_cast<uint32_t>(n),
                                    static_cast<uint32_t>(k), kernels::Panel::kF32};
  const auto multiply = kernels::Best().matmul[static_cast<size_t>(kernels::Panel::kF32)];
  std::vector<float> scratch(static_cast<size_t>(threads) * kTileRows * n);
  ParallelFor(ThreadPool::Process(), (n + kTileRows - 1) / kTileRows, threads,
              [&](size_t tile, int worker) {
                const size_t begin = tile * kTileRows, rows = std::min(kTileRows, n - begin);
                float* y = scratch.data() + static_cast<size_t>(worker) * kTileRows * n;
                multiply({.w = &weights,
                          .bias = nullptr,
                          .x = t + begin * k,
                          .y = y,
                          .y_stride = n,
                          .rows = static_cast<uint32_t>(rows),
                          .begin = static_cast<uint32_t>(begin),
                          .end = static_cast<uint32_t>(n)});
                for (size_t i = 0; i < rows; ++i) {
                  float* to = h + (begin + i) * stride;
                  for (size_t j = begin; j < n; ++j) to[j] += sign * y[i * n + j];
                }
              });
}

void AddGram(const float* x, size_t rows, SquareMatrix* sum, int threads) {
  const size_t d = sum->size();
  writer::AlignedBuffer buffer(d * rows * sizeof(float));
  auto* t = reinterpret_cast<float*>(buffer.bytes().data());
  Transpose(x, rows, d, t, threads);
  AddProducts(t, d, rows, 1, sum->data(), d, threads);
}

}  // namespace quanta::converter
