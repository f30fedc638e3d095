// SPDX-License-Identifier: MIT
#include "converter/calibrate/feedback.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>

#include "runtime/core/thread_pool.h"
#include "tests/converter/calibrate/inputs.h"

namespace quanta::converter {
namespace {

using testing::CorrelatedInputs;
using testing::GramOf;
using testing::PlainGram;

bool SameBits(const SquareMatrix& a, const SquareMatrix& b) {
  return a.size() == b.size() &&
         std::memcmp(a.data(), b.data(), a.size() * a.size() * sizeof(float)) == 0;
}

TEST(Gram, IsTheSumOfProductsOfEveryPairOfColumns) {
  for (const size_t columns : {1, 5, 31, 32, 33, 100}) {
    const auto x = CorrelatedInputs(37, columns, 1);
    SquareMatrix gram(columns);
    AddGram(x.data(), 20, &gram, 1);
    AddGram(x.data() + 20 * columns, 17, &gram, 1);
    const auto expected = PlainGram(x, columns);
    for (size_t i = 0; i < columns; ++i) {
      for (size_t j = i; j < columns; ++j) {
        const double scale = std::sqrt(expected[i * columns + i] * expected[j * columns + j]);
        EXPECT_NEAR(gram.Row(i)[j], expected[i * columns + j], 1e-5 * scale) << columns;
      }
    }
  }
}

TEST(Gram, HasTheSameBitsForAnyThreadCount) {
  ThreadPool::Process().Reserve(3);
  const auto x = CorrelatedInputs(50, 200, 2);
  const SquareMatrix one = GramOf(x, 200, 1);
  EXPECT_TRUE(SameBits(one, GramOf(x, 200, 2)));
  EXPECT_TRUE(SameBits(one, GramOf(x, 200, 3)));
}

/// The damped H that a feedback stands for: (1 + F)^T diag(weights) (1 + F).
std::vector<double> Product(const Feedback& feedback) {
  const size_t n = feedback.weights.size();
  std::vector<double> product(n * n);
  for (size_t k = 0; k < n; ++k) {
    const auto factor = [&](size_t j) { return j == k ? 1.0 : double{feedback.factors.Row(k)[j]}; };
    for (size_t i = k; i < n; ++i) {
      for (size_t j = k; j < n; ++j) {
        product[i * n + j] += double{feedback.weights[k]} * factor(i) * factor(j);
      }
    }
  }
  return product;
}

TEST(Feedback, IsAFactorOfTheDampedMatrixAlsoBeyondABlock) {
  // 300 columns: three blocks. 100 rows: without damping there would be no factor.
  for (const auto& [columns, rows] : {std::pair<size_t, size_t>{3, 10}, {128, 400}, {300, 100}}) {
    const auto x = CorrelatedInputs(rows, columns, 3);
    auto expected = PlainGram(x, columns);
    double mean = 0;
    for (size_t i = 0; i < columns; ++i) mean += expected[i * columns + i];
    mean /= static_cast<double>(columns);
    for (size_t i = 0; i < columns; ++i) expected[i * columns + i] += 0.01 * mean;

    const Feedback feedback = MakeFeedback(GramOf(x, columns), 1);
    const auto product = Product(feedback);
    for (size_t i = 0; i < expected.size(); ++i) {
      ASSERT_NEAR(product[i], expected[i], 1e-4 * mean) << columns << " at " << i;
    }
    for (size_t i = 0; i < columns; ++i) {
      for (size_t j = 0; j <= i; ++j) EXPECT_EQ(feedback.factors.Row(i)[j], 0);
    }
  }
}

TEST(Feedback, HasTheSameBitsForAnyThreadCount) {
  ThreadPool::Process().Reserve(3);
  const auto x = CorrelatedInputs(50, 600, 4);
  const Feedback one = MakeFeedback(GramOf(x, 600), 1);
  for (const int threads : {2, 3}) {
    const Feedback other = MakeFeedback(GramOf(x, 600), threads);
    EXPECT_TRUE(SameBits(one.factors, other.factors));
    EXPECT_EQ(one.weights, other.weights);
  }
}

TEST(Feedback, OfInputsThatAreAlwaysZeroIsNone) {
  const Feedback feedback = MakeFeedback(SquareMatrix(40), 1);
  EXPECT_EQ(feedback.weights, std::vector<float>(40, 1.0f));
  EXPECT_TRUE(SameBits(feedback.factors, SquareMatrix(40)));
}

}  // namespace
}  // namespace quanta::converter
