// SPDX-License-Identifier: MIT
#include "train_host/layers/bias.h"

#include "train_host/math/vectorized.h"

namespace quanta::train {
namespace {

template <class T>
QUANTA_LOOP void Forward(const BiasTask<T>& task) {
  for (size_t row = 0; row < task.rows; ++row) {
    T* y = task.y + row * task.stride;
    for (size_t i = 0; i < task.columns; ++i) y[i] += task.bias[i];
  }
}

template <class T>
QUANTA_LOOP void Backward(const BiasTask<T>& task) {
  for (size_t row = 0; row < task.rows; ++row) {
    const T* y = task.y + row * task.stride;
    for (size_t i = 0; i < task.columns; ++i) task.bias[i] += y[i];
  }
}

}  // namespace

QUANTA_VECTORIZED(BiasForward, Forward, BiasTask)
QUANTA_VECTORIZED(BiasBackward, Backward, BiasTask)

}  // namespace quanta::train
