// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>

/// Matrix products by the BLAS, each on the calling thread alone. Row-major; a stride is the
/// distance of rows in elements. The same call gives the same bits every time on one machine.
namespace quanta::train {

/// c [m, n] = alpha * (product) + beta * c
template <class T>
struct Product {
  size_t m, n, k;
  const T* a;
  size_t a_stride;
  const T* b;
  size_t b_stride;
  T* c;
  size_t c_stride;
  T alpha = 1;
  T beta = 0;  ///< 0: c is not read
};

/// a [m, k] times b [n, k] transposed: a layer's outputs from its inputs and weights.
template <class T>
void MultiplyByTransposed(const Product<T>& p);

/// a [m, k] times b [k, n]: the gradient of inputs from that of outputs and the weights.
template <class T>
void Multiply(const Product<T>& p);

/// a [k, m] transposed times b [k, n]: the gradient of weights from that of outputs and the
/// inputs.
template <class T>
void MultiplyTransposed(const Product<T>& p);

}  // namespace quanta::train
