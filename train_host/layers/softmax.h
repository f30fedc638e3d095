// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>

/// The row-wise parts of attention.
namespace quanta::train {

/// Rows of scores become probabilities: row r keeps its first `first + r` columns, the rest of
/// `columns` become 0.
template <class T>
struct SoftmaxTask {
  T* scores;  ///< [rows, stride]
  size_t rows, columns, stride, first;
  T* log_sums;  ///< row r's at [r * log_stride], out
  size_t log_stride;
};
void CausalSoftmax(const SoftmaxTask<float>& task);
void CausalSoftmax(const SoftmaxTask<double>& task);

/// The way back: scores become probabilities again, `gradient` (of the probabilities on entry)
/// that of the scores: p * (dp - out . dout), 0 beyond a row's columns.
template <class T>
struct SoftmaxBackTask {
  T* scores;    ///< [rows, stride]
  T* gradient;  ///< [rows, stride]
  size_t rows, columns, stride, first;
  const T* log_sums;
  size_t log_stride;
  const T* out;   ///< row r's output at [r * out_stride], head_dim long
  const T* dout;  ///< likewise its gradient
  size_t out_stride, head_dim;
};
void CausalSoftmaxBackward(const SoftmaxBackTask<float>& task);
void CausalSoftmaxBackward(const SoftmaxBackTask<double>& task);

}  // namespace quanta::train
