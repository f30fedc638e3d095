// SPDX-License-Identifier: MIT
#pragma once

#include <gtest/gtest.h>

#include <cmath>
#include <cstddef>
#include <functional>
#include <string>
#include <vector>

#include "train_host/math/random.h"

namespace quanta::train::testing {

/// `count` numbers of the normal distribution.
inline std::vector<double> Randoms(size_t count, uint64_t seed, double deviation = 1) {
  std::vector<double> values(count);
  for (size_t i = 0; i < count; ++i) values[i] = deviation * Normal(seed, i);
  return values;
}

inline double Dot(const std::vector<double>& a, const std::vector<double>& b) {
  double sum = 0;
  for (size_t i = 0; i < a.size(); ++i) sum += a[i] * b[i];
  return sum;
}

/// Expects `gradient` to be that of f at x by central differences, in every element.
inline void ExpectGradient(const std::string& what, std::vector<double> x,
                           const std::vector<double>& gradient,
                           const std::function<double(const std::vector<double>&)>& f,
                           double tolerance = 1e-6, double step = 1e-5) {
  ASSERT_EQ(x.size(), gradient.size()) << what;
  for (size_t i = 0; i < x.size(); ++i) {
    const double at = x[i];
    x[i] = at + step;
    const double above = f(x);
    x[i] = at - step;
    const double below = f(x);
    x[i] = at;
    const double expected = (above - below) / (2 * step);
    EXPECT_NEAR(gradient[i], expected, tolerance * (1 + std::abs(expected)))
        << what << ", element " << i;
  }
}

}  // namespace quanta::train::testing
