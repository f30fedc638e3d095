// SPDX-License-Identifier: MIT
#include "train_host/layers/rope.h"

#include "train_host/math/vectorized.h"

namespace quanta::train {
namespace {

template <class T>
QUANTA_LOOP void Rotate(const RopeTask<T>& task, T direction) {
  const size_t half = task.half;
  for (size_t row = 0; row < task.rows; ++row) {
    const size_t at = static_cast<size_t>(task.position[row]) * half;
    const T* cosine = task.cosine + at;
    const T* sine = task.sine + at;
    for (size_t head = 0; head < task.heads; ++head) {
      T* __restrict first = task.x + row * task.stride + head * 2 * half;
      T* __restrict second = first + half;
      for (size_t i = 0; i < half; ++i) {
        const T a = first[i], b = second[i], s = direction * sine[i];
        first[i] = a * cosine[i] - b * s;
        second[i] = b * cosine[i] + a * s;
      }
    }
  }
}

template <class T>
QUANTA_LOOP void Forward(const RopeTask<T>& task) {
  Rotate(task, T{1});
}
template <class T>
QUANTA_LOOP void Backward(const RopeTask<T>& task) {
  Rotate(task, T{-1});
}

}  // namespace

QUANTA_VECTORIZED(RopeForward, Forward, RopeTask)
QUANTA_VECTORIZED(RopeBackward, Backward, RopeTask)

}  // namespace quanta::train
