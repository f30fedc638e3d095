// SPDX-License-Identifier: MIT
#include "train_host/plot/axis.h"

#include <gtest/gtest.h>

#include <cmath>
#include <random>
#include <utility>
#include <vector>

namespace quanta::train {
namespace {

using Kind = Axis::Kind;
using Values = std::vector<double>;

TEST(Axis, PlacesItsEndsAtItsEnds) {
  const Axis tight(Kind::kTight, 10, 30);
  EXPECT_DOUBLE_EQ(tight.Place(10), 0);
  EXPECT_DOUBLE_EQ(tight.Place(20), 0.5);
  EXPECT_DOUBLE_EQ(tight.Place(30), 1);
  EXPECT_DOUBLE_EQ(tight.Place(31), 1);  // beyond: at the edge
  EXPECT_DOUBLE_EQ(Axis(Kind::kFromZero, 10, 40).Place(10), 0.25);
}

TEST(Axis, IsLogarithmicWhereValuesArePositiveAndFarApart) {
  EXPECT_FALSE(Axis(Kind::kAutomatic, 1, 9).logarithmic());
  EXPECT_FALSE(Axis(Kind::kAutomatic, 0, 100).logarithmic());
  EXPECT_FALSE(Axis(Kind::kTight, 1, 100).logarithmic());
  const Axis axis(Kind::kAutomatic, 0.01, 100);
  EXPECT_TRUE(axis.logarithmic());
  EXPECT_DOUBLE_EQ(axis.Place(1), 0.5);
  EXPECT_DOUBLE_EQ(axis.Place(0), 0);
  EXPECT_DOUBLE_EQ(axis.Place(-5), 0);
}

TEST(Axis, HasRoomAroundASingleValue) {
  for (const double value : {0.0, 7.0, -3.0, 1e-9, 1e300}) {
    EXPECT_NEAR(Axis(Kind::kTight, value, value).Place(value), 0.5, 1e-12) << value;
    EXPECT_FALSE(Axis(Kind::kTight, value, value).Ticks(5).empty()) << value;
  }
}

TEST(Axis, TicksAreRoundNumbers) {
  EXPECT_EQ(Axis(Kind::kTight, 0, 1000).Ticks(5), (Values{0, 200, 400, 600, 800, 1000}));
  EXPECT_EQ(Axis(Kind::kTight, 13, 47).Ticks(4), (Values{20, 30, 40}));
  EXPECT_EQ(Axis(Kind::kAutomatic, 0.6, 30).Ticks(5), (Values{1, 2, 5, 10, 20}));
  EXPECT_EQ(Axis(Kind::kAutomatic, 1e-4, 1e4).Ticks(5), (Values{1e-4, 1e-2, 1, 1e2, 1e4}));
}

TEST(Axis, AnyRangeHasAFewTicksWithinIt) {
  std::mt19937 random(1);
  std::uniform_real_distribution<double> exponent(-20, 20), sign(-1, 1);
  for (int i = 0; i < 2000; ++i) {
    double low = sign(random) * std::pow(10, exponent(random));
    double high = sign(random) * std::pow(10, exponent(random));
    if (low > high) std::swap(low, high);
    for (const Kind kind : {Kind::kTight, Kind::kFromZero, Kind::kAutomatic}) {
      const Axis axis(kind, low, high);
      const Values ticks = axis.Ticks(5);
      ASSERT_LE(ticks.size(), 12u) << low << " " << high;
      for (size_t j = 1; j < ticks.size(); ++j) ASSERT_LT(ticks[j - 1], ticks[j]);
    }
  }
}

TEST(TickText, IsShort) {
  EXPECT_EQ(TickText(0), "0");
  EXPECT_EQ(TickText(0.003), "0.003");
  EXPECT_EQ(TickText(-2.5), "-2.5");
  EXPECT_EQ(TickText(1200), "1200");
  EXPECT_EQ(TickText(25000), "25k");
  EXPECT_EQ(TickText(12345), "12.35k");
  EXPECT_EQ(TickText(2e6), "2M");
  EXPECT_EQ(TickText(1.5e-5), "1.5e-05");
  EXPECT_EQ(TickText(3e12), "3e+12");
}

}  // namespace
}  // namespace quanta::train
