// SPDX-License-Identifier: MIT
#include "runtime/kernels/quant/activations.h"

#include "runtime/kernels/quant/oracle.h"
#include "tests/runtime/kernels/kernel_test.h"

namespace quanta::kernels {
namespace {

class QuantizeRowTest : public KernelTest {
 protected:
  /// What the table makes of a row, after comparing it with the oracle.
  std::vector<std::byte> Quantize(const std::vector<float>& x) {
    Guarded<float> made(QuantizedBytes(x.size()) / sizeof(float));
    std::vector<std::byte> expected(made.span().size_bytes());
    table().quantize(x.data(), x.size(), reinterpret_cast<std::byte*>(made.data()));
    QuantizeRow(x.data(), x.size(), expected.data());
    EXPECT_TRUE(made.Intact());
    std::vector<std::byte> bytes(expected.size());
    std::memcpy(bytes.data(), made.data(), bytes.size());
    EXPECT_EQ(bytes, expected) << x.size();
    return bytes;
  }
  static const QuantizedRow& Row(const std::vector<std::byte>& bytes) {
    return *reinterpret_cast<const QuantizedRow*>(bytes.data());
  }
};
QUANTA_INSTANTIATE_PER_TABLE(QuantizeRowTest);

TEST_P(QuantizeRowTest, IsTheOracleForEveryLengthAndSize) {
  for (const size_t k : kTails) {
    for (const float size : {1e-30f, 1e-3f, 1.0f, 1e5f, 1e30f}) {
      Quantize(Random(k).Many(k, size));
      auto positive = Random(k + 1).Many(k, size);
      for (float& value : positive) value = std::abs(value);
      Quantize(positive);
    }
  }
  Quantize(Random(1).Many(2048));
}

TEST_P(QuantizeRowTest, EveryNumberIsWithinAUnitAndZeroIsExact) {
  for (const float shift : {-2.0f, -0.4f, 0.0f, 0.9f, 3.0f}) {
    auto x = Random(7).Many(300);
    for (float& value : x) value += shift;
    x[5] = 0;
    const auto bytes = Quantize(x);
    const QuantizedRow& row = Row(bytes);
    EXPECT_EQ(row.q()[5], row.zero_point);
    for (size_t i = 0; i < x.size(); ++i) {
      const float back = row.scale * static_cast<float>(row.q()[i] - row.zero_point);
      // Half a unit of rounding, half of the zero point's.
      ASSERT_NEAR(back, x[i], row.scale * 1.001f);
    }
  }
}

TEST_P(QuantizeRowTest, RangesThatTouchZeroUseAllOfTheBytes) {
  std::vector<float> x = {0.0f, 1.0f, 2.0f, 255.0f};
  auto bytes = Quantize(x);
  EXPECT_EQ(Row(bytes).zero_point, -128);
  EXPECT_EQ(Row(bytes).scale, 1);
  EXPECT_EQ(Row(bytes).q()[3], 127);
  EXPECT_EQ(Row(bytes).q()[2], -126);
  for (float& value : x) value = -value;
  bytes = Quantize(x);
  EXPECT_EQ(Row(bytes).zero_point, 127);
  EXPECT_EQ(Row(bytes).q()[3], -128);
}

TEST_P(QuantizeRowTest, RoundsTiesToEven) {
  const std::vector<float> x = {-128.0f, 127.0f, 0.5f, 1.5f, 2.5f, -0.5f, -1.5f};
  const auto bytes = Quantize(x);
  ASSERT_EQ(Row(bytes).zero_point, 0);
  const int expected[] = {-128, 127, 0, 2, 2, 0, -2};
  for (size_t i = 0; i < x.size(); ++i) EXPECT_EQ(Row(bytes).q()[i], expected[i]) << x[i];
}

TEST_P(QuantizeRowTest, ZerosAndWhatIsTooSmallForAFactorAreZeros) {
  for (const float value : {0.0f, -0.0f, 1e-45f, -1e-40f, 1e-37f}) {
    const auto bytes = Quantize(std::vector<float>(40, value));
    EXPECT_EQ(Row(bytes).scale, 1) << value;
    EXPECT_EQ(Row(bytes).q()[0], Row(bytes).zero_point);
  }
}

TEST_P(QuantizeRowTest, ARowWithANaNOrAnInfinityHasTheScaleNaN) {
  for (const float bad : {NAN, INFINITY, -INFINITY}) {
    for (const size_t at : {0u, 20u, 39u}) {
      auto x = Random(1).Many(40);
      x[at] = bad;
      EXPECT_TRUE(std::isnan(Row(Quantize(x)).scale));
    }
  }
}

TEST_P(QuantizeRowTest, SumsAreThoseOfItsBytes) {
  for (const size_t k : kTails) {
    const auto bytes = Quantize(Random(k).Many(k));
    const QuantizedRow& row = Row(bytes);
    int32_t total = 0;
    for (size_t g = 0; g < GroupsOf(k); ++g) {
      int32_t sum = 0;
      for (size_t i = 32 * g; i < 32 * g + 32; ++i) sum += row.q()[i];
      EXPECT_EQ(row.offsets(k)[g], -8 * sum);
      total += sum;
    }
    EXPECT_EQ(row.sum, total);
    for (size_t i = k; i < GroupsOf(k) * 32; ++i) EXPECT_EQ(row.q()[i], 0);
  }
}

}  // namespace
}  // namespace quanta::kernels
