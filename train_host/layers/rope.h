// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>

/// Rotates element i of a head and element i + half by the angle position * inv_freq[i].
/// Source: Su et al. 2021 (RoFormer), eq. 34; pairs as Llama has them.
namespace quanta::train {

template <class T>
struct RopeTask {
  T* x;           ///< [rows, stride]: `heads` heads of 2 * half elements at the start of each row
  size_t stride;  ///< elements between rows
  size_t rows, heads, half;
  const T* cosine;          ///< [positions, half]
  const T* sine;            ///< [positions, half]
  const int32_t* position;  ///< [rows]
};
void RopeForward(const RopeTask<float>& task);
void RopeForward(const RopeTask<double>& task);

/// The way back of a rotation is the one by the opposite angle: x is the gradient, in place.
void RopeBackward(const RopeTask<float>& task);
void RopeBackward(const RopeTask<double>& task);

}  // namespace quanta::train
