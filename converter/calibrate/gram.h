// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <span>

#include "converter/writer/aligned_buffer.h"

namespace quanta::converter {

/// A square matrix of floats [size, size], row-major, 64-byte aligned.
class SquareMatrix {
 public:
  explicit SquareMatrix(size_t size) : size_(size), buffer_(size * size * sizeof(float)) {}

  size_t size() const { return size_; }
  float* Row(size_t i) { return data() + i * size_; }
  const float* Row(size_t i) const { return data() + i * size_; }
  float* data() { return reinterpret_cast<float*>(buffer_.bytes().data()); }
  const float* data() const { return reinterpret_cast<const float*>(buffer_.bytes().data()); }

 private:
  size_t size_;
  writer::AlignedBuffer buffer_;
};

/// The mean of its diagonal: of X^T X the squared length of a column of X, on average.
double MeanDiagonal(const SquareMatrix& matrix);
void AddToDiagonal(double value, SquareMatrix* matrix);

/// h[i, j] += sign * sum_k t[i, k] t[j, k] for all j >= i (and some below the diagonal).
/// `t` [n, k], 64-byte aligned; rows of h are `stride` apart. The same bits for any thread
/// count.
void AddProducts(const float* t, size_t n, size_t k, float sign, float* h, size_t stride,
                 int threads);

/// sum += X^T X, its upper triangle, for x [rows, sum->size()]. Likewise.
void AddGram(const float* x, size_t rows, SquareMatrix* sum, int threads);

}  // namespace quanta::converter
