// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace quanta::train {

/// A stretch of the flat array that is updated alike.
struct UpdateRange {
  size_t offset, count;
  bool decays;
};

struct AdamWOptions {
  double beta1 = 0.9, beta2 = 0.95, eps = 1e-8;
  double decay = 0.1;  ///< decoupled: a step takes lr * decay of what decays
};

/// One step number `step` (from 1) with learning rate `lr`, gradients multiplied by
/// `gradient_scale` first:
///   m = b1 m + (1 - b1) g;  v = b2 v + (1 - b2) g^2
///   w -= lr * (m / (1 - b1^step) / (sqrt(v / (1 - b2^step)) + eps) + decay * w)
/// Source: Loshchilov & Hutter 2019, algorithm 2, as PyTorch has it.
struct AdamWStep {
  float* weights;
  const float* gradient;
  float* m;
  float* v;
  std::span<const UpdateRange> ranges;
  double lr, gradient_scale;
  uint64_t step;
};
void Update(const AdamWStep& step, const AdamWOptions& options, int threads);

/// sqrt of the sum of squares over the ranges, the same for any number of threads.
/// `scratch` grows to what it needs once.
double GradientNorm(const float* gradient, std::span<const UpdateRange> ranges,
                    std::vector<double>* scratch, int threads);

}  // namespace quanta::train
