// SPDX-License-Identifier: MIT
#include <functional>

#include "tests/runtime/kernels/kernel_test.h"

namespace quanta::kernels {
namespace {

constexpr Activation kActivations[] = {Activation::kSilu, Activation::kGeluTanh,
                                       Activation::kGeluErf, Activation::kRelu};

double Activated(Activation activation, double x) {
  switch (activation) {
    case Activation::kSilu:
      return x / (1 + std::exp(-x));
    case Activation::kGeluTanh: {
      const double u = std::sqrt(2 / std::acos(-1.0)) * (x + 0.044715 * x * x * x);
      return x / (1 + std::exp(-2 * u));
    }
    case Activation::kGeluErf:
      return x * 0.5 * std::erfc(-x / std::sqrt(2.0));
    case Activation::kRelu:
      return std::max(x, 0.0);
  }
  return NAN;
}

/// Small and large, of both signs.
std::vector<float> Spread() {
  std::vector<float> values = {0.0f, -0.0f, 1e-30f, -1e-30f, 100.0f, -100.0f, 1e30f, -1e30f};
  for (int i = -8000; i <= 8000; ++i) values.push_back(static_cast<float>(i) * 0.002f);
  for (int i = 0; i < 2000; ++i) {
    const float size = std::exp2(static_cast<float>(i) * 0.01f - 14.0f);
    values.push_back(size);
    values.push_back(-size);
  }
  return values;
}

class ElementwiseTest : public KernelTest {};
QUANTA_INSTANTIATE_PER_TABLE(ElementwiseTest);

TEST_P(ElementwiseTest, ActivationsAreExactToAFewUnitsInTheLastPlace) {
  const auto x = Spread();
  std::vector<float> y(x.size());
  for (const Activation activation : kActivations) {
    table().activate(activation, x.data(), nullptr, y.data(), x.size());
    for (size_t i = 0; i < x.size(); ++i) {
      const double expected = Activated(activation, x[i]);
      // In the far tail, the rounding of the exponent's argument shows.
      const double argument = activation == Activation::kSilu ? 0.0 : std::pow(x[i], 2.0);
      const double relative = x[i] < -1 ? 5e-7 + 1e-7 * argument : 5e-7;
      ASSERT_NEAR(y[i], expected, relative * std::abs(expected) + 1e-15)
          << static_cast<int>(activation) << " of " << x[i];
    }
  }
}

TEST_P(ElementwiseTest, SoftcapIsExactToAFewUnitsInTheLastPlace) {
  const auto x = Spread();
  std::vector<float> y(x.size());
  for (const float cap : {0.5f, 1.0f, 30.0f}) {
    table().softcap(x.data(), cap, y.data(), x.size());
    for (size_t i = 0; i < x.size(); ++i) {
      const double expected = cap * std::tanh(x[i] / static_cast<double>(cap));
      ASSERT_NEAR(y[i], expected, 4e-7 * std::abs(expected)) << x[i];
      ASSERT_LE(std::abs(y[i]), cap);
    }
  }
}

TEST_P(ElementwiseTest, NaNStaysNaN) {
  const float nan = NAN;
  float y = 0;
  for (const Activation activation : kActivations) {
    table().activate(activation, &nan, nullptr, &y, 1);
    EXPECT_TRUE(std::isnan(y)) << static_cast<int>(activation);
  }
  table().softcap(&nan, 30, &y, 1);
  EXPECT_TRUE(std::isnan(y));
}

/// An operation on arrays: (x, up, y, count).
using Operation = std::function<void(const float*, const float*, float*, size_t)>;

std::vector<Operation> Operations(const KernelTable& table) {
  std::vector<Operation> all;
  for (const Activation activation : kActivations) {
    all.push_back([=, &table](const float* x, const float*, float* y, size_t count) {
      table.activate(activation, x, nullptr, y, count);
    });
    all.push_back([=, &table](const float* x, const float* up, float* y, size_t count) {
      table.activate(activation, x, up, y, count);
    });
  }
  all.push_back([&table](const float* x, const float*, float* y, size_t count) {
    table.scale(x, 0.7f, y, count);
  });
  all.push_back([&table](const float* x, const float*, float* y, size_t count) {
    table.softcap(x, 2.0f, y, count);
  });
  return all;
}

TEST_P(ElementwiseTest, ResultsDependNeitherOnPlaceNorOnAliasing) {
  for (const Operation& operation : Operations(table())) {
    for (const size_t count : kTails) {
      const auto x = Random(count).Many(count, 4);
      const auto up = Random(count + 1).Many(count, 4);
      Guarded<float> y(count);
      operation(x.data(), up.data(), y.data(), count);
      EXPECT_TRUE(y.Intact());

      std::vector<float> one(count);
      for (size_t i = 0; i < count; ++i) operation(&x[i], &up[i], &one[i], 1);
      EXPECT_TRUE(SameBits<float>(one, y.span())) << count;

      auto in_place = x;
      operation(in_place.data(), up.data(), in_place.data(), count);
      EXPECT_TRUE(SameBits<float>(in_place, y.span())) << count;

      auto over_up = up;
      operation(x.data(), over_up.data(), over_up.data(), count);
      EXPECT_TRUE(SameBits<float>(over_up, y.span())) << count;
    }
  }
}

TEST_P(ElementwiseTest, ActivateMultipliesByUp) {
  const auto x = Random(5).Many(50, 4);
  const auto up = Random(6).Many(50, 4);
  std::vector<float> alone(50), both(50);
  for (const Activation activation : kActivations) {
    table().activate(activation, x.data(), nullptr, alone.data(), 50);
    table().activate(activation, x.data(), up.data(), both.data(), 50);
    for (size_t i = 0; i < 50; ++i) {
      EXPECT_NEAR(both[i], alone[i] * up[i], 2e-7f * std::abs(both[i]));
    }
  }
}

TEST_P(ElementwiseTest, ScaleAndAddScaled) {
  for (const size_t count : kTails) {
    const auto x = Random(count).Many(count);
    const auto before = Random(count + 1).Many(count);
    Guarded<float> y(count);
    table().scale(x.data(), -1.5f, y.data(), count);
    for (size_t i = 0; i < count; ++i) ASSERT_EQ(y.data()[i], -1.5f * x[i]);
    std::copy(before.begin(), before.end(), y.data());
    table().add_scaled(x.data(), 0.3f, y.data(), count);
    for (size_t i = 0; i < count; ++i) {
      ASSERT_NEAR(y.data()[i], before[i] + static_cast<double>(0.3f) * x[i], 1.2e-7);
      float one = before[i];
      table().add_scaled(&x[i], 0.3f, &one, 1);
      ASSERT_TRUE(SameBits<float>({&one, 1}, {y.data() + i, 1}));
    }
    EXPECT_TRUE(y.Intact());
  }
}

TEST_P(ElementwiseTest, ToInt8RoundsToTheNearestStepOfItsScale) {
  for (const size_t count : kTails) {
    const auto x = Random(count).Many(count, 7);
    Guarded<int8_t> q(count);
    const float scale = table().to_int8(x.data(), q.data(), count);
    EXPECT_TRUE(q.Intact());
    float largest = 0;
    for (const float value : x) largest = std::max(largest, std::abs(value));
    EXPECT_EQ(scale, largest / 127);
    for (size_t i = 0; i < count; ++i) {
      ASSERT_LE(std::abs(x[i] - scale * q.data()[i]), 0.5001f * scale) << count;
    }
  }
}

TEST_P(ElementwiseTest, ToInt8GivesTheSameBitsInEveryTable) {
  for (const size_t count : kTails) {
    const auto x = Random(count + 100).Many(count, 3);
    std::vector<int8_t> q(count), expected(count);
    const float scale = table().to_int8(x.data(), q.data(), count);
    EXPECT_EQ(scale, Reference().to_int8(x.data(), expected.data(), count));
    EXPECT_EQ(q, expected);
  }
}

TEST_P(ElementwiseTest, ToInt8OfNothingIsNothing) {
  for (const float value : {0.0f, -0.0f, 1e-40f, 1e-37f}) {
    const std::vector<float> x(21, value);
    std::vector<int8_t> q(21, 5);
    EXPECT_EQ(table().to_int8(x.data(), q.data(), 21), 0);
    EXPECT_EQ(q, std::vector<int8_t>(21, 0));
  }
  const std::vector<float> wild = {INFINITY, NAN, -INFINITY, 1, 3e38f};
  std::vector<int8_t> q(5);
  table().to_int8(wild.data(), q.data(), 5);  // some bits, no trap
}

TEST_P(ElementwiseTest, ToInt8UsesTheWholeRangeOfAnyScale) {
  for (float size = 1e-33f; size < 1e38f; size *= 7) {
    const std::vector<float> x = {size, -size, size / 4};
    std::vector<int8_t> q(3);
    table().to_int8(x.data(), q.data(), 3);
    EXPECT_EQ(q[0], 127);
    EXPECT_EQ(q[1], -127);
    EXPECT_EQ(q[2], 32);  // 31.75
  }
}

}  // namespace
}  // namespace quanta::kernels
