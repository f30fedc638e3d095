// SPDX-License-Identifier: MIT
#include "train_host/optimizer/kernels.h"

#include <cmath>

#include "train_host/math/vectorized.h"

namespace quanta::train {
namespace {

template <class T>
QUANTA_LOOP void Step(const AdamWTask<T>& task) {
  T* __restrict w = task.w;
  T* __restrict m = task.m;
  T* __restrict v = task.v;
  const T* __restrict g = task.g;
  for (size_t i = 0; i < task.count; ++i) {
    const T gradient = g[i] * task.gradient_scale;
    m[i] = task.beta1 * m[i] + (1 - task.beta1) * gradient;
    v[i] = task.beta2 * v[i] + (1 - task.beta2) * gradient * gradient;
    w[i] = w[i] * task.keep - task.rate * m[i] / (std::sqrt(v[i]) * task.correct + task.eps);
  }
}

template <class T>
QUANTA_LOOP void Squares(const SquaresTask<T>& task) {
  double sum = 0;
  for (size_t i = 0; i < task.count; ++i) {
    sum += static_cast<double>(task.x[i]) * static_cast<double>(task.x[i]);
  }
  *task.sum = sum;
}

}  // namespace

QUANTA_VECTORIZED(AdamWLoop, Step, AdamWTask)
QUANTA_VECTORIZED(SumSquares, Squares, SquaresTask)

}  // namespace quanta::train
