// SPDX-License-Identifier: MIT
#include "tests/runtime/kernels/kernel_test.h"

namespace quanta::kernels {
namespace {

constexpr size_t kRows = 3;

/// The formulas of the papers in double precision.
std::vector<double> Oracle(const NormArgs& args, const std::vector<float>& x, size_t d) {
  std::vector<double> y;
  for (size_t t = 0; t < x.size() / d; ++t) {
    const float* row = x.data() + t * d;
    double mean = 0, square = 0;
    for (size_t i = 0; i < d; ++i) {
      mean += row[i] / static_cast<double>(d);
      square += static_cast<double>(row[i]) * row[i] / static_cast<double>(d);
    }
    if (args.kind == Norm::kRms) mean = 0;
    const double variance = square - mean * mean;
    const auto eps = static_cast<double>(args.eps);
    const double root = std::sqrt(variance + eps) + (args.eps_outside ? eps : 0);
    for (size_t i = 0; i < d; ++i) {
      y.push_back((row[i] - mean) / root * args.gain[i] + (args.bias ? args.bias[i] : 0.0f));
    }
  }
  return y;
}

class NormTest : public KernelTest {
 protected:
  void ExpectRight(const NormArgs& args, size_t d) {
    // Off zero, so that a mean that is left in shows.
    auto x = Random(d).Many(kRows * d, 2);
    for (float& value : x) value += 0.5f;
    const auto expected = Oracle(args, x, d);

    Guarded<float> y(x.size());
    table().norm(args, x.data(), y.data(), kRows, d);

    EXPECT_TRUE(y.Intact());
    for (size_t i = 0; i < x.size(); ++i) {
      ASSERT_NEAR(y.data()[i], expected[i], 2e-6 * (1 + std::abs(expected[i]))) << d;
    }
    ExpectSameBitsInPlaceAndRowByRow(args, x, y.vector(), d);
  }

  void ExpectSameBitsInPlaceAndRowByRow(const NormArgs& args, std::vector<float> x,
                                        const std::vector<float>& y, size_t d) {
    std::vector<float> alone(d);
    for (size_t t = 0; t < kRows; ++t) {
      table().norm(args, x.data() + t * d, alone.data(), 1, d);
      EXPECT_TRUE(SameBits<float>(alone, {y.data() + t * d, d})) << d;
    }
    table().norm(args, x.data(), x.data(), kRows, d);
    EXPECT_TRUE(SameBits<float>(x, y)) << d;
  }
};

QUANTA_INSTANTIATE_PER_TABLE(NormTest);

TEST_P(NormTest, MatchesTheFormulasAtEveryLength) {
  const auto gain = Random(3).Many(129);
  const auto bias = Random(4).Many(129);
  for (const Norm kind : {Norm::kRms, Norm::kLayer}) {
    for (const bool outside : {false, true}) {
      for (const float* b : {static_cast<const float*>(nullptr), bias.data()}) {
        const NormArgs args = {kind, 1e-2f, outside, gain.data(), b};
        for (const size_t d : kTails) ExpectRight(args, d);
      }
    }
  }
}

TEST_P(NormTest, AnEpsilonOutsideIsAddedBesideTheOneInside) {
  // Variance 0.01 under an epsilon of 0.2: any other place for either gives another number.
  const std::vector<float> x = {-0.1f, 0.1f}, gain(2, 1.0f);
  for (const bool outside : {false, true}) {
    std::vector<float> y(2);
    table().norm({Norm::kLayer, 0.2f, outside, gain.data(), nullptr}, x.data(), y.data(), 1, 2);
    const double root = std::sqrt(0.21) + (outside ? 0.2 : 0.0);
    EXPECT_NEAR(y[1], 0.1 / root, 1e-6);
  }
}

TEST_P(NormTest, OfZerosIsFinite) {
  const std::vector<float> gain(20, 1.0f);
  for (const bool outside : {false, true}) {
    std::vector<float> x(20, 0.0f);
    table().norm({Norm::kRms, 1e-6f, outside, gain.data(), nullptr}, x.data(), x.data(), 1, 20);
    EXPECT_EQ(x, std::vector<float>(20, 0.0f));
  }
}

}  // namespace
}  // namespace quanta::kernels
