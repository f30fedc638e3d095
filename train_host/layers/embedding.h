// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>

namespace quanta::train {

/// Row t of x is the table's row ids[t]; on the way back that row of the table's gradient grows
/// by the row of x, which then is the gradient. Columns [begin, end) only: tasks over disjoint
/// columns may run at once, and the order of the sums stays that of the tokens.
template <class T>
struct EmbeddingTask {
  T* table;            ///< [vocab, d]
  const int32_t* ids;  ///< [tokens]
  size_t tokens, d;
  T* x;  ///< [tokens, d]
  size_t begin, end;
};
void EmbeddingForward(const EmbeddingTask<float>& task);
void EmbeddingForward(const EmbeddingTask<double>& task);
void EmbeddingBackward(const EmbeddingTask<float>& task);
void EmbeddingBackward(const EmbeddingTask<double>& task);

}  // namespace quanta::train
