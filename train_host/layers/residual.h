// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>

/// A branch joins the stream, with dropout: y = x + keep * branch / (1 - rate), where keep is 0
/// with probability `rate` and else 1. Source: Srivastava et al. 2014 (scaled while training).
namespace quanta::train {

template <class T>
struct ResidualTask {
  const T* x;       ///< [count]
  const T* branch;  ///< [count]
  T* y;             ///< [count]; may be x
  size_t count;
  double rate;     ///< of dropout; 0: none
  uint64_t seed;   ///< of what is dropped
  uint64_t first;  ///< the number of element 0 in the sequence of the seed
};
void ResidualForward(const ResidualTask<float>& task);
void ResidualForward(const ResidualTask<double>& task);

/// The branch's gradient: y = keep * x / (1 - rate) for the same elements; x is the stream's
/// gradient, which goes on as it is. `branch` is not read.
void ResidualBackward(const ResidualTask<float>& task);
void ResidualBackward(const ResidualTask<double>& task);

}  // namespace quanta::train
