// SPDX-License-Identifier: MIT
#include "converter/calibrate/compensate.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstring>

#include "runtime/core/thread_pool.h"
#include "runtime/kernels/quant/bf16.h"
#include "runtime/kernels/quant/panels.h"
#include "runtime/kernels/quant/quantize.h"
#include "tests/converter/calibrate/inputs.h"

namespace quanta::converter {
namespace {

using testing::CorrelatedInputs;
using testing::GramOf;
using testing::Normal;
using testing::PlainGram;

struct Result {
  CompensatedMatrix matrix;
  std::vector<float> stored;
};

Result Compensate(const Feedback& feedback, std::vector<float> weights, int threads = 1) {
  Compensation compensation(feedback, threads);
  compensation.Add(weights);
  return {compensation.Finish(), std::move(weights)};
}

/// Each weight by itself, as without a text.
std::vector<float> RoundAlone(const std::vector<float>& weights, size_t columns) {
  std::vector<float> stored = weights;
  for (size_t at = 0; at < weights.size();) {
    const size_t width = std::min<size_t>(32, columns - at % columns);
    const kernels::Q4Group group = kernels::QuantizeQ4(&weights[at], width);
    for (size_t j = 0; j < width; ++j, ++at) {
      stored[at] = kernels::Bf16ToFloat(group.scale) * static_cast<float>(group.q[j]);
    }
  }
  return stored;
}

/// |X a^T|^2 of the rows of a, by plain loops.
double OutputSquares(const std::vector<float>& x, const std::vector<float>& a, size_t columns) {
  double sum = 0;
  for (size_t t = 0; t < x.size(); t += columns) {
    for (size_t row = 0; row < a.size(); row += columns) {
      double y = 0;
      for (size_t j = 0; j < columns; ++j) y += double{x[t + j]} * double{a[row + j]};
      sum += y * y;
    }
  }
  return sum;
}

std::vector<float> Minus(std::vector<float> a, const std::vector<float>& b) {
  for (size_t i = 0; i < a.size(); ++i) a[i] -= b[i];
  return a;
}

TEST(Compensation, HalvesTheErrorOfTheOutputsOfCorrelatedInputs) {
  // 176 columns: the last group is half full. 40 rows: so is the last strip.
  for (const size_t columns : {64, 176}) {
    const auto x = CorrelatedInputs(300, columns, 1);
    const auto weights = Normal(40 * columns, 2);
    const Result result = Compensate(MakeFeedback(GramOf(x, columns), 1), weights);
    const double alone = OutputSquares(x, Minus(weights, RoundAlone(weights, columns)), columns);
    const double ours = OutputSquares(x, Minus(weights, result.stored), columns);
    EXPECT_LT(ours, alone / 4) << columns;
    // What it says of itself counts the damping too.
    const double signal = OutputSquares(x, weights, columns);
    EXPECT_NEAR(result.matrix.rounding_error, std::sqrt(alone / signal),
                0.02 * result.matrix.rounding_error);
    EXPECT_GE(result.matrix.output_error, std::sqrt(ours / signal));
    EXPECT_LT(result.matrix.output_error, 2 * std::sqrt(ours / signal));
  }
}

TEST(Compensation, StoresWhatItSays) {
  constexpr size_t kColumns = 40, kRows = 21;
  const auto x = CorrelatedInputs(100, kColumns, 3);
  const auto weights = Normal(kRows * kColumns, 4);
  const Result result = Compensate(MakeFeedback(GramOf(x, kColumns), 1), weights);
  const size_t strip = kernels::StripBytes(kernels::Panel::kQ4, kColumns);
  ASSERT_EQ(result.matrix.panels.size(), 2 * strip);
  double squares = 0, largest = 0;
  for (size_t row = 0; row < kRows; ++row) {
    std::vector<float> unpacked(kColumns);
    kernels::UnpackRow(kernels::Panel::kQ4, result.matrix.panels.data() + row / 16 * strip,
                       kColumns, row % 16, unpacked.data());
    for (size_t j = 0; j < kColumns; ++j) {
      EXPECT_EQ(unpacked[j], result.stored[row * kColumns + j]);
      const double error = std::abs(double{weights[row * kColumns + j]} - double{unpacked[j]});
      squares += error * error;
      largest = std::max(largest, error);
    }
  }
  EXPECT_NEAR(result.matrix.error.rms, std::sqrt(squares / (kRows * kColumns)), 1e-6);
  EXPECT_NEAR(result.matrix.error.max, largest, 1e-6);
}

/// The inverse of a symmetric positive definite matrix, by Gauss and Jordan.
std::vector<double> Inverse(std::vector<double> a, size_t n) {
  std::vector<double> inverse(n * n);
  for (size_t i = 0; i < n; ++i) inverse[i * n + i] = 1;
  for (size_t i = 0; i < n; ++i) {
    const double pivot = a[i * n + i];
    for (size_t j = 0; j < n; ++j) {
      a[i * n + j] /= pivot;
      inverse[i * n + j] /= pivot;
    }
    for (size_t k = 0; k < n; ++k) {
      if (k == i) continue;
      const double factor = a[k * n + i];
      for (size_t j = 0; j < n; ++j) {
        a[k * n + j] -= factor * a[i * n + j];
        inverse[k * n + j] -= factor * inverse[i * n + j];
      }
    }
  }
  return inverse;
}

/// A row by Frantar et al. 2022, algorithm 1, from the last column to the first, with these
/// scales: `inverse` is that of the damped X^T X. Eliminates column by column (their equation
/// 3), without any factorization.
std::vector<float> RoundByOracle(const float* weights, std::vector<double> inverse,
                                 const std::vector<float>& scales, size_t n) {
  std::vector<double> w(weights, weights + n);
  std::vector<float> stored(n);
  for (size_t j = n; j-- > 0;) {
    const double scale = scales[j / 32];
    const double q = std::clamp(std::nearbyint(w[j] / scale), -8.0, 7.0);
    stored[j] = static_cast<float>(scale * q);
    const double error = (w[j] - scale * q) / inverse[j * n + j];
    for (size_t k = 0; k < j; ++k) w[k] -= error * inverse[j * n + k];
    for (size_t i = 0; i < j; ++i) {
      for (size_t k = 0; k < j; ++k) {
        inverse[i * n + k] -= inverse[i * n + j] * inverse[j * n + k] / inverse[j * n + j];
      }
    }
  }
  return stored;
}

TEST(Compensation, RoundsAsTheAlgorithmOfThePaperWithTheSameScales) {
  constexpr size_t kColumns = 96, kRows = 16;
  const auto x = CorrelatedInputs(200, kColumns, 5);
  const auto weights = Normal(kRows * kColumns, 6);
  const Result result = Compensate(MakeFeedback(GramOf(x, kColumns), 1), weights);

  auto gram = PlainGram(x, kColumns);
  double mean = 0;
  for (size_t i = 0; i < kColumns; ++i) mean += gram[i * kColumns + i] / kColumns;
  for (size_t i = 0; i < kColumns; ++i) gram[i * kColumns + i] += 0.01 * mean;
  const auto inverse = Inverse(gram, kColumns);
  size_t same = 0;
  for (size_t row = 0; row < kRows; ++row) {
    std::vector<float> scales;
    for (size_t group = 0; group < kColumns / 32; ++group) {
      uint16_t sixteenth = 0;
      std::memcpy(&sixteenth,
                  result.matrix.panels.data() + kernels::kStripHead + group * kernels::kGroupBytes +
                      kernels::kNibbleBytes + row * 2,
                  2);
      scales.push_back(16 * kernels::Bf16ToFloat(sixteenth));
    }
    const auto expected = RoundByOracle(&weights[row * kColumns], inverse, scales, kColumns);
    same += std::equal(expected.begin(), expected.end(),
                       result.stored.begin() + static_cast<ptrdiff_t>(row * kColumns));
  }
  // Float and double may part in a row where a weight lies halfway between two steps.
  EXPECT_GE(same, kRows - 1);
}

TEST(Compensation, OfInputsWithoutCorrelationIsNoWorseThanRounding) {
  constexpr size_t kColumns = 64;
  SquareMatrix gram(kColumns);
  for (size_t i = 0; i < kColumns; ++i) gram.Row(i)[i] = 3;
  const auto weights = Normal(32 * kColumns, 7);
  const Result result = Compensate(MakeFeedback(std::move(gram), 1), weights);
  const auto error_of = [&](const std::vector<float>& stored) {
    double sum = 0;
    for (const float error : Minus(weights, stored)) sum += double{error} * double{error};
    return sum;
  };
  // It tries more scales.
  EXPECT_LE(error_of(result.stored), error_of(RoundAlone(weights, kColumns)) * 1.000001);
  EXPECT_GE(error_of(result.stored), error_of(RoundAlone(weights, kColumns)) * 0.97);
  EXPECT_LE(result.matrix.output_error, result.matrix.rounding_error * 1.000001);
}

TEST(Compensation, HasTheSameBytesForAnyThreadCountAndInParts) {
  ThreadPool::Process().Reserve(3);
  constexpr size_t kColumns = 100;
  const auto x = CorrelatedInputs(150, kColumns, 8);
  const auto weights = Normal(200 * kColumns, 9);
  const Feedback feedback = MakeFeedback(GramOf(x, kColumns), 1);
  const Result one = Compensate(feedback, weights);
  for (const int threads : {2, 3}) {
    const Result other = Compensate(feedback, weights, threads);
    EXPECT_EQ(one.matrix.panels, other.matrix.panels);
    EXPECT_EQ(one.matrix.output_error, other.matrix.output_error);
  }
  Compensation parts(feedback, 2);
  std::vector<float> rows = weights;
  parts.Add(std::span(rows).first(48 * kColumns));
  parts.Add(std::span(rows).subspan(48 * kColumns));
  EXPECT_EQ(parts.Finish().panels, one.matrix.panels);
}

TEST(Compensation, OfZerosIsZeros) {
  const auto x = CorrelatedInputs(50, 32, 10);
  const Result result =
      Compensate(MakeFeedback(GramOf(x, 32), 1), std::vector<float>(16 * 32, 0.0f));
  EXPECT_EQ(result.stored, std::vector<float>(16 * 32, 0.0f));
  EXPECT_EQ(result.matrix.output_error, 0);
}

}  // namespace
}  // namespace quanta::converter
