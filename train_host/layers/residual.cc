// SPDX-License-Identifier: MIT
#include "train_host/layers/residual.h"

#include "train_host/math/random.h"
#include "train_host/math/vectorized.h"

namespace quanta::train {
namespace {

/// What an element is multiplied with.
template <class T>
struct Mask {
  explicit QUANTA_LOOP Mask(const ResidualTask<T>& task)
      : start(task.seed + task.first),
        limit(static_cast<uint64_t>(task.rate * 0x1p32)),
        factor(static_cast<T>(1 / (1 - task.rate))) {}
  QUANTA_LOOP T At(size_t i) const { return (Mix(start + i) >> 32) < limit ? T{0} : factor; }
  uint64_t start, limit;
  T factor;
};

template <class T>
QUANTA_LOOP void Forward(const ResidualTask<T>& task) {
  if (task.rate == 0) {
    for (size_t i = 0; i < task.count; ++i) task.y[i] = task.x[i] + task.branch[i];
    return;
  }
  const Mask<T> mask(task);
  for (size_t i = 0; i < task.count; ++i) task.y[i] = task.x[i] + mask.At(i) * task.branch[i];
}

template <class T>
QUANTA_LOOP void Backward(const ResidualTask<T>& task) {
  if (task.rate == 0) {
    for (size_t i = 0; i < task.count; ++i) task.y[i] = task.x[i];
    return;
  }
  const Mask<T> mask(task);
  for (size_t i = 0; i < task.count; ++i) task.y[i] = mask.At(i) * task.x[i];
}

}  // namespace

QUANTA_VECTORIZED(ResidualForward, Forward, ResidualTask)
QUANTA_VECTORIZED(ResidualBackward, Backward, ResidualTask)

}  // namespace quanta::train
