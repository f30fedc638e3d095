// SPDX-License-Identifier: MIT
#include "train_host/layers/swiglu.h"

#include "train_host/math/vectorized.h"

namespace quanta::train {
namespace {

template <class T>
QUANTA_LOOP void Forward(const SwigluTask<T>& task) {
  for (size_t row = 0; row < task.rows; ++row) {
    const T* __restrict gate = task.gate_up + row * 2 * task.width;
    const T* __restrict up = gate + task.width;
    T* __restrict y = task.y + row * task.width;
    for (size_t i = 0; i < task.width; ++i) y[i] = gate[i] / (1 + Exp(-gate[i])) * up[i];
  }
}

/// silu'(g) = s + g s (1 - s) with s = 1 / (1 + e^-g).
template <class T>
QUANTA_LOOP void Backward(const SwigluBackTask<T>& task) {
  for (size_t row = 0; row < task.rows; ++row) {
    T* __restrict gate = task.gate_up + row * 2 * task.width;
    T* __restrict up = gate + task.width;
    const T* __restrict dy = task.dy + row * task.width;
    for (size_t i = 0; i < task.width; ++i) {
      const T g = gate[i], s = 1 / (1 + Exp(-g)), u = up[i];
      gate[i] = dy[i] * u * s * (1 + g * (1 - s));
      up[i] = dy[i] * g * s;
    }
  }
}

}  // namespace

QUANTA_VECTORIZED(SwigluForward, Forward, SwigluTask)
QUANTA_VECTORIZED(SwigluBackward, Backward, SwigluBackTask)

}  // namespace quanta::train
