// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>

namespace quanta::train {

/// The loss of a row with target t, p = softmax(logits):
///   -(1 - smoothing) log p[t] - smoothing * mean over the vocabulary of log p
/// Source of the smoothing: Szegedy et al. 2016, section 7.
template <class T>
struct CrossEntropyTask {
  T* logits;  ///< [rows, vocab]; becomes scale * the gradient where `gradient`
  size_t rows, vocab;
  const int32_t* targets;  ///< [rows]; negative: the row counts for nothing
  T smoothing, scale;
  bool gradient;
  double* losses;  ///< [rows], out
};
void CrossEntropy(const CrossEntropyTask<float>& task);
void CrossEntropy(const CrossEntropyTask<double>& task);

}  // namespace quanta::train
