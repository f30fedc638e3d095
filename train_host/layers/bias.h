// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>

namespace quanta::train {

/// y += bias in every row; on the way back dbias += the sum of the rows of y, which then is the
/// gradient.
template <class T>
struct BiasTask {
  T* y;  ///< [rows, stride]
  size_t rows, columns, stride;
  T* bias;  ///< [columns]; read on the way there, added to on the way back
};
void BiasForward(const BiasTask<float>& task);
void BiasForward(const BiasTask<double>& task);
void BiasBackward(const BiasTask<float>& task);
void BiasBackward(const BiasTask<double>& task);

}  // namespace quanta::train
