// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <random>
#include <vector>

#include "converter/calibrate/gram.h"

namespace quanta::converter::testing {

inline std::vector<float> Normal(size_t count, unsigned seed) {
  std::mt19937 random(seed);
  std::normal_distribution<float> normal;
  std::vector<float> values(count);
  for (float& value : values) value = normal(random);
  return values;
}

/// x [rows, columns] whose columns have much in common, as a layer's inputs have: a few
/// directions and some noise.
inline std::vector<float> CorrelatedInputs(size_t rows, size_t columns, unsigned seed) {
  const size_t directions = columns / 8 + 1;
  const std::vector<float> mix = Normal(directions * columns, seed);
  const std::vector<float> amounts = Normal(rows * directions, seed + 1);
  std::vector<float> x = Normal(rows * columns, seed + 2);
  for (size_t t = 0; t < rows; ++t) {
    for (size_t j = 0; j < columns; ++j) {
      float& value = x[t * columns + j];
      value *= 0.1f;
      for (size_t k = 0; k < directions; ++k) {
        value += amounts[t * directions + k] * mix[k * columns + j];
      }
    }
  }
  return x;
}

/// X^T X by plain loops, all of it.
inline std::vector<double> PlainGram(const std::vector<float>& x, size_t columns) {
  std::vector<double> gram(columns * columns);
  for (size_t t = 0; t < x.size(); t += columns) {
    for (size_t i = 0; i < columns; ++i) {
      for (size_t j = 0; j < columns; ++j) {
        gram[i * columns + j] += double{x[t + i]} * double{x[t + j]};
      }
    }
  }
  return gram;
}

inline SquareMatrix GramOf(const std::vector<float>& x, size_t columns, int threads = 1) {
  SquareMatrix gram(columns);
  AddGram(x.data(), x.size() / columns, &gram, threads);
  return gram;
}

}  // namespace quanta::converter::testing
