// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>

/// y = silu(gate) * up, silu(g) = g / (1 + e^-g). Source: Shazeer 2020, eq. 6.
namespace quanta::train {

template <class T>
struct SwigluTask {
  const T* gate_up;  ///< [rows, 2, width]: a row's gates, then its ups
  size_t rows, width;
  T* y;  ///< [rows, width]
};
void SwigluForward(const SwigluTask<float>& task);
void SwigluForward(const SwigluTask<double>& task);

template <class T>
struct SwigluBackTask {
  T* gate_up;   ///< [rows, 2, width]; becomes its gradient
  const T* dy;  ///< [rows, width]
  size_t rows, width;
};
void SwigluBackward(const SwigluBackTask<float>& task);
void SwigluBackward(const SwigluBackTask<double>& task);

}  // namespace quanta::train
