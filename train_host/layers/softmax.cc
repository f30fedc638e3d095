// SPDX-License-Identifier: MIT
#include "train_host/layers/softmax.h"

#include <algorithm>
#include <cmath>

#include "train_host/math/vectorized.h"

namespace quanta::train {
namespace {

template <class T>
QUANTA_LOOP void Forward(const SoftmaxTask<T>& task) {
  for (size_t row = 0; row < task.rows; ++row) {
    T* scores = task.scores + row * task.stride;
    const size_t seen = std::min(task.first + row, task.columns);
    const T top = Largest(scores, seen);
    T sum = 0;
    for (size_t i = 0; i < seen; ++i) {
      scores[i] = Exp(scores[i] - top);
      sum += scores[i];
    }
    const T share = 1 / sum;
    for (size_t i = 0; i < seen; ++i) scores[i] *= share;
    for (size_t i = seen; i < task.columns; ++i) scores[i] = 0;
    task.log_sums[row * task.log_stride] = top + std::log(sum);
  }
}

template <class T>
QUANTA_LOOP void Backward(const SoftmaxBackTask<T>& task) {
  for (size_t row = 0; row < task.rows; ++row) {
    T* __restrict scores = task.scores + row * task.stride;
    T* __restrict gradient = task.gradient + row * task.stride;
    const size_t seen = std::min(task.first + row, task.columns);
    const T log_sum = task.log_sums[row * task.log_stride];
    const T* out = task.out + row * task.out_stride;
    const T* dout = task.dout + row * task.out_stride;
    T along = 0;
    for (size_t i = 0; i < task.head_dim; ++i) along += out[i] * dout[i];
    for (size_t i = 0; i < seen; ++i) {
      const T p = Exp(scores[i] - log_sum);
      scores[i] = p;
      gradient[i] = p * (gradient[i] - along);
    }
    for (size_t i = seen; i < task.columns; ++i) scores[i] = gradient[i] = 0;
  }
}

}  // namespace

QUANTA_VECTORIZED(CausalSoftmax, Forward, SoftmaxTask)
QUANTA_VECTORIZED(CausalSoftmaxBackward, Backward, SoftmaxBackTask)

}  // namespace quanta::train
