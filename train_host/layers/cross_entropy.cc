// SPDX-License-Identifier: MIT
#include "train_host/layers/cross_entropy.h"

#include <cmath>

#include "train_host/math/vectorized.h"

namespace quanta::train {
namespace {

/// Softmax in place: p - smoothing / vocab, less 1 - smoothing at the target.
template <class T>
QUANTA_LOOP void Differentiate(T* logits, const CrossEntropyTask<T>& task, T top, T sum,
                               size_t target) {
  const T share = task.scale / sum, even = task.scale * task.smoothing / static_cast<T>(task.vocab);
  for (size_t i = 0; i < task.vocab; ++i) logits[i] = Exp(logits[i] - top) * share - even;
  logits[target] -= task.scale * (1 - task.smoothing);
}

template <class T>
QUANTA_LOOP void Loop(const CrossEntropyTask<T>& task) {
  for (size_t row = 0; row < task.rows; ++row) {
    T* logits = task.logits + row * task.vocab;
    task.losses[row] = 0;
    if (task.targets[row] < 0) {
      if (!task.gradient) continue;
      for (size_t i = 0; i < task.vocab; ++i) logits[i] = 0;
      continue;
    }
    const size_t target = static_cast<size_t>(task.targets[row]);
    const T top = Largest(logits, task.vocab);
    T sum = 0, total = 0;
    for (size_t i = 0; i < task.vocab; ++i) sum += Exp(logits[i] - top);
    if (task.smoothing != 0) {
      for (size_t i = 0; i < task.vocab; ++i) total += logits[i];
    }
    const double smoothing = static_cast<double>(task.smoothing);
    const double log_sum = static_cast<double>(top) + std::log(static_cast<double>(sum));
    task.losses[row] = log_sum - (1 - smoothing) * static_cast<double>(logits[target]) -
                       smoothing * static_cast<double>(total) / static_cast<double>(task.vocab);
    if (task.gradient) Differentiate(logits, task, top, sum, target);
  }
}

}  // namespace

QUANTA_VECTORIZED(CrossEntropy, Loop, CrossEntropyTask)

}  // namespace quanta::train
