// SPDX-License-Identifier: MIT
//
// Every layer's way back against central differences of its way there, in double precision; and
// its float version, which runs as vector code, against the double one.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "tests/train_host/gradient_check.h"
#include "train_host/layers/attention.h"
#include "train_host/layers/bias.h"
#include "train_host/layers/cross_entropy.h"
#include "train_host/layers/embedding.h"
#include "train_host/layers/norm.h"
#include "train_host/layers/residual.h"
#include "train_host/layers/rope.h"
#include "train_host/layers/swiglu.h"

namespace quanta::train {
namespace {

using testing::Dot;
using testing::ExpectGradient;
using testing::Randoms;
using Numbers = std::vector<double>;

std::vector<float> Floats(const Numbers& x) { return {x.begin(), x.end()}; }

void ExpectClose(const std::vector<float>& actual, const Numbers& expected, double tolerance) {
  ASSERT_EQ(actual.size(), expected.size());
  for (size_t i = 0; i < actual.size(); ++i) {
    EXPECT_NEAR(actual[i], expected[i], tolerance * (1 + std::abs(expected[i]))) << i;
  }
}

class NormLayer : public ::testing::Test {
 protected:
  static constexpr size_t kRows = 3, kWidth = 21;
  Numbers Forward(const Numbers& x, const Numbers& gain) {
    Numbers y(x.size());
    NormForward(
        NormTask<double>{x.data(), gain.data(), 1e-3, kRows, kWidth, y.data(), inverse_.data()});
    return y;
  }
  Numbers inverse_ = Numbers(kRows);
  const Numbers x_ = Randoms(kRows * kWidth, 1), gain_ = Randoms(kWidth, 2),
                dy_ = Randoms(kRows * kWidth, 3);
};

TEST_F(NormLayer, GradientsEqualDifferences) {
  Forward(x_, gain_);
  Numbers dx(x_.size()), dgain(kWidth);
  NormBackward(NormBackTask<double>{x_.data(), gain_.data(), inverse_.data(), dy_.data(), kRows,
                                    kWidth, dx.data(), false, dgain.data()});
  ExpectGradient("x", x_, dx, [&](const Numbers& x) { return Dot(Forward(x, gain_), dy_); });
  ExpectGradient("gain", gain_, dgain, [&](const Numbers& g) { return Dot(Forward(x_, g), dy_); });
}

TEST_F(NormLayer, AddsToWhatTheGradientWas) {
  Forward(x_, gain_);
  Numbers fresh(x_.size()), added(x_.size(), 2.0), dgain(kWidth);
  NormBackTask<double> task = {x_.data(), gain_.data(), inverse_.data(), dy_.data(),  kRows,
                               kWidth,    fresh.data(), false,           dgain.data()};
  NormBackward(task);
  task.dx = added.data();
  task.add = true;
  NormBackward(task);
  for (size_t i = 0; i < fresh.size(); ++i) EXPECT_NEAR(added[i], fresh[i] + 2, 1e-12);
}

TEST_F(NormLayer, FloatsEqualDoubles) {
  const std::vector<float> x = Floats(x_), gain = Floats(gain_), dy = Floats(dy_);
  std::vector<float> y(x.size()), inverse(kRows), dx(x.size()), dgain(kWidth);
  NormForward(
      NormTask<float>{x.data(), gain.data(), 1e-3f, kRows, kWidth, y.data(), inverse.data()});
  ExpectClose(y, Forward(x_, gain_), 1e-6);
  NormBackward(NormBackTask<float>{x.data(), gain.data(), inverse.data(), dy.data(), kRows, kWidth,
                                   dx.data(), false, dgain.data()});
  Numbers expected(x_.size()), sums(kWidth);
  NormBackward(NormBackTask<double>{x_.data(), gain_.data(), inverse_.data(), dy_.data(), kRows,
                                    kWidth, expected.data(), false, sums.data()});
  ExpectClose(dx, expected, 1e-5);
  ExpectClose(dgain, sums, 1e-5);
}

TEST(RopeLayer, BackwardUndoesForwardAndKeepsLengths) {
  constexpr size_t kRows = 4, kHeads = 3, kHalf = 5, kStride = 2 * kHalf * kHeads + 4;
  const Numbers x = Randoms(kRows * kStride, 1);
  Numbers cosine(8 * kHalf), sine(8 * kHalf);
  for (size_t i = 0; i < cosine.size(); ++i) {
    const double angle = 0.37 * static_cast<double>(i);
    cosine[i] = std::cos(angle);
    sine[i] = std::sin(angle);
  }
  const std::vector<int32_t> positions = {0, 1, 0, 7};
  Numbers y = x;
  const RopeTask<double> task = {y.data(), kStride,       kRows,       kHeads,
                                 kHalf,    cosine.data(), sine.data(), positions.data()};
  RopeForward(task);
  EXPECT_NE(y, x);
  EXPECT_NEAR(Dot(y, y), Dot(x, x), 1e-9);
  // The transpose of a rotation is its inverse: that is its way back.
  RopeBackward(task);
  for (size_t i = 0; i < x.size(); ++i) EXPECT_NEAR(y[i], x[i], 1e-12);
}

TEST(RopeLayer, TurnsPairsByThePositionsAngle) {
  std::vector<float> x = {1, 0, 0, 2};  // pairs (1, 0) and (0, 2)
  const std::vector<float> cosine = {1, 1, 0, 0.6f}, sine = {0, 0, 1, 0.8f};
  const std::vector<int32_t> positions = {1};
  RopeForward(RopeTask<float>{x.data(), 4, 1, 1, 2, cosine.data(), sine.data(), positions.data()});
  const std::vector<float> expected = {0, -1.6f, 1, 1.2f};
  for (size_t i = 0; i < 4; ++i) EXPECT_NEAR(x[i], expected[i], 1e-6) << i;
}

class SwigluLayer : public ::testing::Test {
 protected:
  static constexpr size_t kRows = 2, kWidth = 19;
  static Numbers Forward(const Numbers& x) {
    Numbers y(kRows * kWidth);
    SwigluForward(SwigluTask<double>{x.data(), kRows, kWidth, y.data()});
    return y;
  }
  const Numbers x_ = Randoms(2 * kRows * kWidth, 1, 3), dy_ = Randoms(kRows * kWidth, 2);
};

TEST_F(SwigluLayer, GradientEqualsDifferences) {
  Numbers dx = x_;
  SwigluBackward(SwigluBackTask<double>{dx.data(), dy_.data(), kRows, kWidth});
  ExpectGradient("gate and up", x_, dx, [&](const Numbers& x) { return Dot(Forward(x), dy_); });
}

TEST_F(SwigluLayer, FloatsEqualDoubles) {
  std::vector<float> x = Floats(x_), y(kRows * kWidth);
  const std::vector<float> dy = Floats(dy_);
  SwigluForward(SwigluTask<float>{x.data(), kRows, kWidth, y.data()});
  ExpectClose(y, Forward(x_), 1e-6);
  SwigluBackward(SwigluBackTask<float>{x.data(), dy.data(), kRows, kWidth});
  Numbers dx = x_;
  SwigluBackward(SwigluBackTask<double>{dx.data(), dy_.data(), kRows, kWidth});
  ExpectClose(x, dx, 1e-5);
}

TEST_F(SwigluLayer, HasNoOverflowAtTheEnds) {
  const std::vector<float> x = {-1e4f, 1e4f, 1, 1};
  std::vector<float> y(2);
  SwigluForward(SwigluTask<float>{x.data(), 1, 2, y.data()});
  EXPECT_NEAR(y[0], 0, 1e-30);
  EXPECT_EQ(y[1], 1e4f);
}

class CrossEntropyLayer : public ::testing::TestWithParam<double> {
 protected:
  static constexpr size_t kRows = 4, kVocab = 37;
  double Loss(Numbers logits) const {
    Numbers losses(kRows);
    CrossEntropy(CrossEntropyTask<double>{logits.data(), kRows, kVocab, targets_.data(), GetParam(),
                                          1, false, losses.data()});
    return losses[0] + losses[1] + losses[2] + losses[3];
  }
  const std::vector<int32_t> targets_ = {5, -1, 36, 0};
  const Numbers logits_ = Randoms(kRows * kVocab, 1, 4);
};

TEST_P(CrossEntropyLayer, GradientEqualsDifferences) {
  Numbers gradient = logits_, losses(kRows);
  CrossEntropy(CrossEntropyTask<double>{gradient.data(), kRows, kVocab, targets_.data(), GetParam(),
                                        2.5, true, losses.data()});
  EXPECT_EQ(losses[1], 0) << "a row without target has no loss";
  ExpectGradient("logits", logits_, gradient, [&](const Numbers& x) { return 2.5 * Loss(x); });
}

TEST_P(CrossEntropyLayer, FloatsEqualDoubles) {
  std::vector<float> x = Floats(logits_);
  Numbers losses(kRows), gradient = logits_, expected(kRows);
  CrossEntropy(CrossEntropyTask<float>{x.data(), kRows, kVocab, targets_.data(),
                                       static_cast<float>(GetParam()), 1, true, losses.data()});
  CrossEntropy(CrossEntropyTask<double>{gradient.data(), kRows, kVocab, targets_.data(), GetParam(),
                                        1, true, expected.data()});
  for (size_t i = 0; i < kRows; ++i) EXPECT_NEAR(losses[i], expected[i], 2e-6);
  ExpectClose(x, gradient, 1e-6);
}

TEST_P(CrossEntropyLayer, NotANumberIsNotHidden) {
  std::vector<float> x = Floats(logits_);
  x[3] = std::nanf("");
  Numbers losses(kRows);
  CrossEntropy(CrossEntropyTask<float>{x.data(), kRows, kVocab, targets_.data(),
                                       static_cast<float>(GetParam()), 1, true, losses.data()});
  EXPECT_TRUE(std::isnan(losses[0]));
}

INSTANTIATE_TEST_SUITE_P(Smoothing, CrossEntropyLayer, ::testing::Values(0.0, 0.1));

TEST(CrossEntropyLoss, OfEvenLogitsIsTheLogarithmOfTheVocabulary) {
  std::vector<float> logits(50, 3.5f);
  const int32_t target = 7;
  double loss = 0;
  CrossEntropy(CrossEntropyTask<float>{logits.data(), 1, 50, &target, 0, 1, false, &loss});
  EXPECT_NEAR(loss, std::log(50.0), 1e-6);
}

/// Two query heads share a KV head; three documents in a row, one longer than a query tile.
class AttentionLayer : public ::testing::Test {
 protected:
  static constexpr size_t kLength = 80, kDim = 3;
  const AttentionShape shape_ = {kLength, 4, 2, kDim, (4 + 2 * 2) * kDim};
  const std::vector<Segment> segments_ = {{0, 70}, {70, 71}, {71, 80}};

  Numbers Forward(const Numbers& qkv) {
    Numbers out(kLength * 4 * kDim), scores(kQueryTile * kLength);
    for (size_t kv = 0; kv < 2; ++kv) {
      AttentionForward(AttentionTask<double>{shape_, kv, segments_, 0.6, qkv.data(), out.data(),
                                             log_sums_.data(), scores.data()});
    }
    return out;
  }
  /// The definition, one query after the other.
  Numbers Plain(const Numbers& qkv) const {
    Numbers out(kLength * 4 * kDim);
    for (const Segment& segment : segments_) {
      for (size_t head = 0; head < 4; ++head) {
        for (size_t t = segment.begin; t < segment.end; ++t) {
          OneQuery(qkv, head, segment.begin, t, &out);
        }
      }
    }
    return out;
  }
  void OneQuery(const Numbers& qkv, size_t head, size_t begin, size_t t, Numbers* out) const {
    const double* q = &qkv[t * shape_.stride + head * kDim];
    double sum = 0;
    for (size_t s = begin; s <= t; ++s) {
      const double* k = &qkv[s * shape_.stride + (4 + head / 2) * kDim];
      const double* v = &qkv[s * shape_.stride + (6 + head / 2) * kDim];
      double score = 0;
      for (size_t i = 0; i < kDim; ++i) score += 0.6 * q[i] * k[i];
      sum += std::exp(score);
      for (size_t i = 0; i < kDim; ++i) (*out)[(t * 4 + head) * kDim + i] += std::exp(score) * v[i];
    }
    for (size_t i = 0; i < kDim; ++i) (*out)[(t * 4 + head) * kDim + i] /= sum;
  }

  Numbers log_sums_ = Numbers(kLength * 4);
  const Numbers qkv_ = Randoms(kLength * shape_.stride, 1), dout_ = Randoms(kLength * 12, 2);
};

TEST_F(AttentionLayer, EqualsTheDefinition) {
  const Numbers out = Forward(qkv_), expected = Plain(qkv_);
  for (size_t i = 0; i < out.size(); ++i) EXPECT_NEAR(out[i], expected[i], 1e-12) << i;
}

TEST_F(AttentionLayer, GradientEqualsDifferences) {
  const Numbers out = Forward(qkv_);
  Numbers dqkv(qkv_.size(), 99.0), scores(2 * kQueryTile * kLength);
  for (size_t kv = 0; kv < 2; ++kv) {
    AttentionBackward(AttentionBackTask<double>{shape_, kv, segments_, 0.6, qkv_.data(), out.data(),
                                                log_sums_.data(), dout_.data(), dqkv.data(),
                                                scores.data()});
  }
  ExpectGradient("qkv", qkv_, dqkv, [&](const Numbers& x) { return Dot(Forward(x), dout_); });
}

TEST_F(AttentionLayer, DocumentsDoNotSeeEachOther) {
  Numbers changed = qkv_;
  for (size_t i = 0; i < 70 * shape_.stride; ++i) changed[i] += 1;  // the first document
  const Numbers before = Forward(qkv_), after = Forward(changed);
  EXPECT_TRUE(std::equal(before.begin() + 70 * 12, before.end(), after.begin() + 70 * 12));
  EXPECT_FALSE(std::equal(before.begin(), before.begin() + 70 * 12, after.begin()));
}

TEST_F(AttentionLayer, NothingSeesTheFuture) {
  Numbers changed = qkv_;
  for (size_t i = 40 * shape_.stride; i < changed.size(); ++i) changed[i] += 1;
  const Numbers before = Forward(qkv_), after = Forward(changed);
  EXPECT_TRUE(std::equal(before.begin(), before.begin() + 40 * 12, after.begin()));
}

TEST(ResidualLayer, DropsItsShareAndScalesTheRest) {
  constexpr size_t kCount = 20000;
  const std::vector<float> x(kCount, 1), branch(kCount, 2);
  std::vector<float> y(kCount);
  ResidualForward(ResidualTask<float>{x.data(), branch.data(), y.data(), kCount, 0.25, 7, 0});
  const auto dropped = static_cast<double>(std::count(y.begin(), y.end(), 1.0f));
  EXPECT_NEAR(dropped / kCount, 0.25, 0.02);
  for (const float value : y) EXPECT_TRUE(value == 1 || std::abs(value - (1 + 2 / 0.75f)) < 1e-6);
}

TEST(ResidualLayer, GradientEqualsDifferencesWithTheSameDrops) {
  constexpr size_t kCount = 50;
  const Numbers x = Randoms(kCount, 1), branch = Randoms(kCount, 2), dy = Randoms(kCount, 3);
  Numbers dbranch(kCount);
  ResidualBackward(ResidualTask<double>{dy.data(), nullptr, dbranch.data(), kCount, 0.3, 5, 11});
  ExpectGradient("branch", branch, dbranch, [&](const Numbers& b) {
    Numbers y(kCount);
    ResidualForward(ResidualTask<double>{x.data(), b.data(), y.data(), kCount, 0.3, 5, 11});
    return Dot(y, dy);
  });
}

TEST(ResidualLayer, DropsDoNotDependOnTheCut) {
  const std::vector<float> x(64, 0), branch(64, 1);
  std::vector<float> whole(64), parts(64);
  ResidualForward(ResidualTask<float>{x.data(), branch.data(), whole.data(), 64, 0.5, 3, 100});
  ResidualForward(ResidualTask<float>{x.data(), branch.data(), parts.data(), 40, 0.5, 3, 100});
  ResidualForward(
      ResidualTask<float>{x.data(), branch.data() + 40, parts.data() + 40, 24, 0.5, 3, 140});
  EXPECT_EQ(whole, parts);
}

TEST(EmbeddingLayer, GradientSumsOverATokensPlaces) {
  std::vector<float> table = {1, 2, 3, 4, 5, 6};  // [3, 2]
  const std::vector<int32_t> ids = {2, 0, 2};
  std::vector<float> x(6);
  EmbeddingForward(EmbeddingTask<float>{table.data(), ids.data(), 3, 2, x.data(), 0, 2});
  EXPECT_EQ(x, (std::vector<float>{5, 6, 1, 2, 5, 6}));
  std::vector<float> gradient(6), dx = {1, 10, 2, 20, 4, 40};
  for (size_t column = 0; column < 2; ++column) {
    EmbeddingBackward(
        EmbeddingTask<float>{gradient.data(), ids.data(), 3, 2, dx.data(), column, column + 1});
  }
  EXPECT_EQ(gradient, (std::vector<float>{2, 20, 0, 0, 5, 50}));
}

TEST(BiasLayer, GradientIsTheSumOfRows) {
  std::vector<float> y = {1, 2, 9, 3, 4, 9}, bias = {10, 20};  // rows of 3, 2 of them biased
  BiasForward(BiasTask<float>{y.data(), 2, 2, 3, bias.data()});
  EXPECT_EQ(y, (std::vector<float>{11, 22, 9, 13, 24, 9}));
  std::vector<float> dbias = {1, 1};
  BiasBackward(BiasTask<float>{y.data(), 2, 2, 3, dbias.data()});
  EXPECT_EQ(dbias, (std::vector<float>{25, 47}));
}

}  // namespace
}  // namespace quanta::train
