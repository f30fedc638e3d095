// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "converter/calibrate/feedback.h"
#include "converter/quantize.h"

namespace quanta::converter {

/// A matrix as q4, and what was lost.
struct CompensatedMatrix {
  std::vector<std::byte> panels;
  StoreError error;           ///< of the weights, as any tensor's
  double output_error = 0;    ///< |X (W - stored)| / |X W|, the feedback's damping included
  double rounding_error = 0;  ///< likewise if each weight were rounded by itself
};

/// Rounds the rows of a matrix to q4 such that the errors of a row make up for each other.
/// A group's scale is searched for the weights that feedback has made of it when its turn
/// comes, and once more for what the group costs with the feedback inside it.
class Compensation {
 public:
  /// `feedback` must outlive this. Results do not depend on `threads`.
  Compensation(const Feedback& feedback, int threads);

  /// The next rows [rows, feedback.weights.size()], replaced by what they became: whole strips
  /// of 16 but the last time. Takes 3 * rows * columns^2 multiply-adds.
  void Add(std::span<float> rows);

  CompensatedMatrix Finish();

 private:
  /// Sums over rows.
  struct Sums {
    double squares = 0, largest = 0;  ///< of the weights' errors
    double output = 0, rounding = 0;  ///< squared errors of the outputs
    double signal = 0;                ///< their squares
    void Add(const Sums& other);
  };
  class Tile;

  const Feedback& feedback_;
  int threads_;
  size_t count_ = 0;  ///< weights so far
  Sums sums_;
  std::vector<std::byte> panels_;
};

}  // namespace quanta::converter
