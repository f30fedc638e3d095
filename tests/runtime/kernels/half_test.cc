// SPDX-License-Identifier: MIT
#include "runtime/kernels/half.h"

#include "tests/runtime/kernels/kernel_test.h"

namespace quanta::kernels {
namespace {

constexpr uint16_t kInfinity = 0x7C00;

/// What a positive finite half is worth, by the definition of the format.
double Worth(uint16_t half) {
  const int exponent = half >> 10;
  const int mantissa = half & 0x3FF;
  return exponent == 0 ? std::ldexp(mantissa, -24) : std::ldexp(mantissa + 1024, exponent - 25);
}

std::vector<uint16_t> AllHalves() {
  std::vector<uint16_t> halves(65536);
  for (size_t i = 0; i < halves.size(); ++i) halves[i] = static_cast<uint16_t>(i);
  return halves;
}

using HalfTest = KernelTest;
QUANTA_INSTANTIATE_PER_TABLE(HalfTest);

TEST_P(HalfTest, WidensEveryHalfExactly) {
  const auto halves = AllHalves();
  std::vector<float> wide(halves.size());
  table().from_f16(halves.data(), wide.data(), halves.size());
  for (size_t i = 0; i < 0x8000; ++i) {
    const float positive = wide[i];
    const float negative = wide[i | 0x8000];
    if (i > kInfinity) {
      ASSERT_TRUE(std::isnan(positive) && std::isnan(negative)) << i;
      continue;
    }
    const double worth = i == kInfinity ? INFINITY : Worth(static_cast<uint16_t>(i));
    ASSERT_EQ(positive, worth) << i;
    ASSERT_EQ(negative, -worth) << i;
    ASSERT_EQ(std::signbit(positive), false) << i;
    ASSERT_EQ(std::signbit(negative), true) << i;
  }
}

TEST_P(HalfTest, NarrowingAWidenedHalfGivesItBack) {
  const auto halves = AllHalves();
  std::vector<float> wide(halves.size());
  std::vector<uint16_t> narrow(halves.size());
  table().from_f16(halves.data(), wide.data(), halves.size());
  table().to_f16(wide.data(), narrow.data(), halves.size());
  for (size_t i = 0; i < halves.size(); ++i) {
    if ((i & 0x7FFF) > kInfinity) {
      ASSERT_GT(narrow[i] & 0x7FFF, kInfinity) << i;
    } else {
      ASSERT_EQ(narrow[i], halves[i]);
    }
  }
}

TEST_P(HalfTest, RoundsToNearestAndTiesToEven) {
  std::vector<float> values;
  std::vector<uint16_t> expected;
  for (uint16_t half = 0; half < kInfinity; ++half) {
    // The largest finite half is followed by what its step would be: 65536.
    const double next = half + 1 == kInfinity ? 65536 : Worth(static_cast<uint16_t>(half + 1));
    const auto middle = static_cast<float>((Worth(half) + next) / 2);
    const uint16_t up = static_cast<uint16_t>(half + 1);
    for (const float sign : {1.0f, -1.0f}) {
      const uint16_t bit = sign < 0 ? 0x8000 : 0;
      values.push_back(sign * std::nextafter(middle, 0.0f));
      expected.push_back(half | bit);
      values.push_back(sign * middle);
      expected.push_back(((half & 1) != 0 ? up : half) | bit);
      values.push_back(sign * std::nextafter(middle, 1e9f));
      expected.push_back(up | bit);
    }
  }
  std::vector<uint16_t> narrow(values.size());
  table().to_f16(values.data(), narrow.data(), values.size());
  for (size_t i = 0; i < values.size(); ++i) ASSERT_EQ(narrow[i], expected[i]) << values[i];
}

TEST_P(HalfTest, OverflowsToInfinityUnderflowsToZeroKeepsNaN) {
  const std::vector<float> values = {65520.0f, 1e10f,  INFINITY, -1e38f, 1e-8f,
                                     -1e-8f,   1e-40f, 0.0f,     -0.0f,  NAN};
  const std::vector<uint16_t> expected = {0x7C00, 0x7C00, 0x7C00, 0xFC00, 0, 0x8000, 0, 0, 0x8000};
  std::vector<uint16_t> narrow(values.size());
  table().to_f16(values.data(), narrow.data(), values.size());
  for (size_t i = 0; i < expected.size(); ++i) EXPECT_EQ(narrow[i], expected[i]) << values[i];
  EXPECT_GT(narrow.back() & 0x7FFF, kInfinity);
}

TEST_P(HalfTest, AgreesWithThePlainFunctionOnRandomBits) {
  Random random(1);
  std::vector<float> values(200'000);
  for (float& value : values) value = std::bit_cast<float>(random.Bits());
  std::vector<uint16_t> narrow(values.size());
  table().to_f16(values.data(), narrow.data(), values.size());
  for (size_t i = 0; i < values.size(); ++i) {
    if (std::isnan(values[i])) continue;
    ASSERT_EQ(narrow[i], FloatToHalf(values[i])) << values[i];
  }
}

TEST_P(HalfTest, StaysInsideItsArrays) {
  for (const size_t count : kTails) {
    const auto values = Random(count).Many(count);
    Guarded<uint16_t> narrow(count);
    Guarded<float> wide(count);
    table().to_f16(values.data(), narrow.data(), count);
    EXPECT_EQ(narrow.vector(), Halves(values));
    EXPECT_TRUE(narrow.Intact());
    const auto halves = narrow.vector();
    table().from_f16(halves.data(), wide.data(), count);
    EXPECT_EQ(wide.vector(), Widened(halves));
    EXPECT_TRUE(wide.Intact());
  }
}

}  // namespace
}  // namespace quanta::kernels
