// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <vector>

#include "converter/calibrate/gram.h"

namespace quanta::converter {

/// How the columns of a matrix W should answer each other's rounding errors so that the error
/// of W x over the inputs x of a calibration text becomes small.
///
/// With H = X^T X = R^T R, R upper triangular, the squared error of a row w rounded to q is
///   |X (w - q)|^2 = sum_j R_jj^2 (w_j + sum_{k > j} F_jk (w_k - q_k) - q_j)^2,
/// F_jk = R_jk / R_jj. So columns are rounded from the last to the first, each not to its own
/// weight but to what F makes of it and the errors so far. Without clamping that is what
/// Frantar et al. 2022 (GPTQ), algorithm 1, does, whose factor of the inverse of H serves the
/// other direction.
struct Feedback {
  SquareMatrix factors;        ///< F, zeros on and below the diagonal
  std::vector<float> weights;  ///< R_jj^2: what an error of each column costs
};

/// Consumes H, of which the upper triangle counts; it is damped by a hundredth of its mean
/// diagonal. Of zeros no factors and weights of 1. Takes size^3 / 6 multiply-adds.
/// The same bits for any thread count.
Feedback MakeFeedback(SquareMatrix gram, int threads);

}  // namespace quanta::converter
