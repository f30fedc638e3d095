// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>

/// y = gain * x * inverse, inverse = 1 / sqrt(mean(x^2) + eps), row by row.
/// Source: Zhang & Sennrich 2019, eq. 4.
namespace quanta::train {

template <class T>
struct NormTask {
  const T* x;     ///< [rows, d]
  const T* gain;  ///< [d]
  T eps;
  size_t rows, d;
  T* y;        ///< [rows, d]
  T* inverse;  ///< [rows], out: for the way back
};
void NormForward(const NormTask<float>& task);
void NormForward(const NormTask<double>& task);

template <class T>
struct NormBackTask {
  const T* x;        ///< [rows, d]
  const T* gain;     ///< [d]
  const T* inverse;  ///< [rows], of the way there
  const T* dy;       ///< [rows, d]
  size_t rows, d;
  T* dx;     ///< [rows, d]; may be dy
  bool add;  ///< to what dx is, instead of replacing it
  T* dgain;  ///< [d]; added to
};
void NormBackward(const NormBackTask<float>& task);
void NormBackward(const NormBackTask<double>& task);

}  // namespace quanta::train
