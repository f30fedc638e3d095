// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>

/// The optimizer's loops over a stretch of numbers.
namespace quanta::train {

template <class T>
struct AdamWTask {
  T* w;
  const T* g;
  T* m;
  T* v;
  size_t count;
  T beta1, beta2, eps;
  T gradient_scale;
  T rate;     ///< lr / (1 - beta1^step)
  T correct;  ///< 1 / sqrt(1 - beta2^step)
  T keep;     ///< 1 - lr * decay
};
void AdamWLoop(const AdamWTask<float>& task);
void AdamWLoop(const AdamWTask<double>& task);

template <class T>
struct SquaresTask {
  const T* x;
  size_t count;
  double* sum;  ///< out
};
void SumSquares(const SquaresTask<float>& task);
void SumSquares(const SquaresTask<double>& task);

}  // namespace quanta::train
