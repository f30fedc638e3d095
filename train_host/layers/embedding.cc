// SPDX-License-Identifier: MIT
#include "train_host/layers/embedding.h"

#include "train_host/math/vectorized.h"

namespace quanta::train {
namespace {

template <class T>
QUANTA_LOOP void Forward(const EmbeddingTask<T>& task) {
  for (size_t t = 0; t < task.tokens; ++t) {
    const T* row = task.table + static_cast<size_t>(task.ids[t]) * task.d;
    T* x = task.x + t * task.d;
    for (size_t i = task.begin; i < task.end; ++i) x[i] = row[i];
  }
}

template <class T>
QUANTA_LOOP void Backward(const EmbeddingTask<T>& task) {
  for (size_t t = 0; t < task.tokens; ++t) {
    T* row = task.table + static_cast<size_t>(task.ids[t]) * task.d;
    const T* x = task.x + t * task.d;
    for (size_t i = task.begin; i < task.end; ++i) row[i] += x[i];
  }
}

}  // namespace

QUANTA_VECTORIZED(EmbeddingForward, Forward, EmbeddingTask)
QUANTA_VECTORIZED(EmbeddingBackward, Backward, EmbeddingTask)

}  // namespace quanta::train
