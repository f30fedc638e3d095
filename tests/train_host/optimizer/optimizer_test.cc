// SPDX-License-Identifier: MIT
#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "train_host/math/random.h"
#include "train_host/optimizer/adamw.h"
#include "train_host/optimizer/schedule.h"

namespace quanta::train {
namespace {

constexpr size_t kCount = 70000;  // more than a tile

/// The formula of the header, in double precision.
void Expected(const std::vector<double>& g, bool decays, double lr, int steps,
              std::vector<double>* w) {
  const AdamWOptions o;
  std::vector<double> m(g.size()), v(g.size());
  for (int step = 1; step <= steps; ++step) {
    for (size_t i = 0; i < g.size(); ++i) {
      m[i] = o.beta1 * m[i] + (1 - o.beta1) * g[i];
      v[i] = o.beta2 * v[i] + (1 - o.beta2) * g[i] * g[i];
      const double mhat = m[i] / (1 - std::pow(o.beta1, step));
      const double vhat = v[i] / (1 - std::pow(o.beta2, step));
      (*w)[i] -= lr * (mhat / (std::sqrt(vhat) + o.eps) + (decays ? o.decay * (*w)[i] : 0));
    }
  }
}

TEST(AdamW, DoesWhatItsFormulaSaysAndDecaysWhatDecays) {
  std::vector<float> w(2 * kCount), g(2 * kCount), m(2 * kCount), v(2 * kCount);
  for (size_t i = 0; i < w.size(); ++i) {
    w[i] = static_cast<float>(Normal(1, i));
    g[i] = static_cast<float>(Normal(2, i));
  }
  std::vector<double> decayed(w.begin(), w.begin() + kCount), kept(w.begin() + kCount, w.end());
  std::vector<double> g0(g.begin(), g.begin() + kCount), g1(g.begin() + kCount, g.end());
  const UpdateRange ranges[] = {{0, kCount, true}, {kCount, kCount, false}};
  for (uint64_t step = 1; step <= 3; ++step) {
    Update({w.data(), g.data(), m.data(), v.data(), ranges, 0.01, 1, step}, {}, 2);
  }
  Expected(g0, true, 0.01, 3, &decayed);
  Expected(g1, false, 0.01, 3, &kept);
  for (size_t i = 0; i < kCount; ++i) {
    ASSERT_NEAR(w[i], decayed[i], 1e-6) << i;
    ASSERT_NEAR(w[kCount + i], kept[i], 1e-6) << i;
  }
}

TEST(AdamW, GradientsAreScaledFirst) {
  std::vector<float> w = {1}, twice = {1}, m(1), v(1), m2(1), v2(1);
  const std::vector<float> g = {0.5f}, half = {0.25f};
  const UpdateRange ranges[] = {{0, 1, false}};
  Update({w.data(), g.data(), m.data(), v.data(), ranges, 0.1, 0.5, 1}, {}, 1);
  Update({twice.data(), half.data(), m2.data(), v2.data(), ranges, 0.1, 1, 1}, {}, 1);
  EXPECT_EQ(w, twice);
  EXPECT_EQ(m, m2);
}

TEST(GradientNormOfRanges, LeavesGapsOutAndIsTheSameForAnyThreads) {
  std::vector<float> g(kCount + 100);
  double squares = 0;
  for (size_t i = 0; i < g.size(); ++i) {
    g[i] = static_cast<float>(Normal(3, i));
    if (i < kCount || i >= kCount + 10) squares += double{g[i]} * double{g[i]};
  }
  const UpdateRange ranges[] = {{0, kCount, true}, {kCount + 10, 90, true}};
  std::vector<double> scratch;
  const double one = GradientNorm(g.data(), ranges, &scratch, 1);
  EXPECT_EQ(one, GradientNorm(g.data(), ranges, &scratch, 2));
  EXPECT_NEAR(one, std::sqrt(squares), 1e-9 * one);
}

TEST(Schedules, WarmUpPeakAndEnd) {
  Schedule schedule = {Decline::kCosine, 1.0, 0.1, 10, 110};
  EXPECT_DOUBLE_EQ(schedule.At(1), 0.1);
  EXPECT_DOUBLE_EQ(schedule.At(10), 1.0);
  EXPECT_NEAR(schedule.At(60), 0.55, 1e-12);
  EXPECT_NEAR(schedule.At(35), 0.1 + 0.9 * (1 + std::cos(M_PI / 4)) / 2, 1e-12);
  EXPECT_NEAR(schedule.At(110), 0.1, 1e-12);
  EXPECT_NEAR(schedule.At(500), 0.1, 1e-12);
  schedule.decline = Decline::kLinear;
  EXPECT_NEAR(schedule.At(35), 1 - 0.9 / 4, 1e-12);
  schedule.decline = Decline::kConstant;
  EXPECT_EQ(schedule.At(109), 1.0);
  schedule.warmup = 0;
  EXPECT_EQ(schedule.At(1), 1.0);
}

}  // namespace
}  // namespace quanta::train
