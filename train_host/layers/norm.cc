// SPDX-License-Identifier: MIT
#include "train_host/layers/norm.h"

#include <cmath>

#include "train_host/math/vectorized.h"

namespace quanta::train {
namespace {

template <class T>
QUANTA_LOOP void Forward(const NormTask<T>& task) {
  for (size_t row = 0; row < task.rows; ++row) {
    const T* x = task.x + row * task.d;
    T* y = task.y + row * task.d;
    T squares = 0;
    for (size_t i = 0; i < task.d; ++i) squares += x[i] * x[i];
    const T inverse = 1 / std::sqrt(squares / static_cast<T>(task.d) + task.eps);
    for (size_t i = 0; i < task.d; ++i) y[i] = x[i] * inverse * task.gain[i];
    task.inverse[row] = inverse;
  }
}

/// With n = x * inverse: dx = inverse * (dy * gain - n * mean(dy * gain * n)).
template <class T>
QUANTA_LOOP void Backward(const NormBackTask<T>& task) {
  for (size_t row = 0; row < task.rows; ++row) {
    const T* x = task.x + row * task.d;
    const T* dy = task.dy + row * task.d;
    T* dx = task.dx + row * task.d;
    const T inverse = task.inverse[row];
    T along = 0;
    for (size_t i = 0; i < task.d; ++i) along += dy[i] * task.gain[i] * x[i];
    const T mean = along * inverse * inverse / static_cast<T>(task.d);
    for (size_t i = 0; i < task.d; ++i) task.dgain[i] += dy[i] * x[i] * inverse;
    if (task.add) {
      for (size_t i = 0; i < task.d; ++i) {
        dx[i] += inverse * (dy[i] * task.gain[i] - x[i] * mean);
      }
    } else {
      for (size_t i = 0; i < task.d; ++i) {
        dx[i] = inverse * (dy[i] * task.gain[i] - x[i] * mean);
      }
    }
  }
}

}  // namespace

QUANTA_VECTORIZED(NormForward, Forward, NormTask)
QUANTA_VECTORIZED(NormBackward, Backward, NormBackTask)

}  // namespace quanta::train
