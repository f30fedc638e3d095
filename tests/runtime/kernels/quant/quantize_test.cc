// SPDX-License-Identifier: MIT
#include "runtime/kernels/quant/quantize.h"

#include "runtime/kernels/quant/panels.h"
#include "tests/runtime/kernels/quant/packed_matrix.h"

namespace quanta::kernels {
namespace {

/// About normally distributed.
std::vector<float> Weights32(uint64_t seed, float size = 0.05f) {
  Random random(seed);
  std::vector<float> w(32);
  for (float& value : w) {
    value = 0;
    for (int i = 0; i < 6; ++i) value += size * random.Next();
  }
  return w;
}

double ErrorOf(const std::vector<float>& w, double scale, int low, int high) {
  double error = 0;
  for (const float value : w) {
    const double q = std::min<double>(std::max<double>(std::nearbyint(value / scale), low), high);
    error += (value - q * scale) * (value - q * scale);
  }
  return error;
}

TEST(QuantizeQ4, RoundsHalfToEvenAndClamps) {
  for (uint64_t seed = 0; seed < 200; ++seed) {
    const auto w = Weights32(seed);
    const Q4Group group = QuantizeQ4(w.data(), 32);
    const float scale = Bf16ToFloat(group.scale);
    for (size_t i = 0; i < 32; ++i) {
      const float q = std::nearbyint(w[i] / scale);
      ASSERT_EQ(group.q[i], std::min(std::max(q, -8.0f), 7.0f));
    }
  }
}

TEST(QuantizeQ4, ScaleIsAPositiveNormalBf16WhateverTheWeights) {
  for (const float size : {1e-45f, 1e-38f, 1e-36f, 1e-20f, 1.0f, 1e20f, 1e30f}) {
    for (uint64_t seed = 0; seed < 20; ++seed) {
      const auto w = Weights32(seed, size);
      const Q4Group group = QuantizeQ4(w.data(), 32);
      ASSERT_GE(Bf16ToFloat(group.scale), 0x1p-122f) << size;
      ASSERT_LT(group.scale, 0x7F80) << size;  // below infinity
    }
  }
}

TEST(QuantizeQ4, IsWithinTwoPercentOfTheBestScaleThereIs) {
  double found = 0, best = 0;
  for (uint64_t seed = 0; seed < 300; ++seed) {
    const auto w = Weights32(seed);
    found += ErrorOf(w, Bf16ToFloat(QuantizeQ4(w.data(), 32).scale), -8, 7);
    float largest = 0;
    for (const float value : w) largest = std::max(largest, std::abs(value));
    double least = INFINITY;
    const auto from = FloatToBf16(largest / 16), to = FloatToBf16(largest / 6);
    for (uint16_t bits = from; bits <= to; ++bits) {
      least = std::min(least, ErrorOf(w, Bf16ToFloat(bits), -8, 7));
    }
    best += least;
  }
  EXPECT_LT(found, best * 1.02);
  RecordProperty("over_best", std::to_string(found / best));
}

TEST(QuantizeQ4, BeatsTheScaleOfTheLargestWeight) {
  double searched = 0, plain = 0;
  for (uint64_t seed = 0; seed < 300; ++seed) {
    const auto w = Weights32(seed);
    float low = 0, high = 0;
    for (const float value : w) {
      low = std::min(low, value);
      high = std::max(high, value);
    }
    searched += ErrorOf(w, Bf16ToFloat(QuantizeQ4(w.data(), 32).scale), -8, 7);
    plain += ErrorOf(w, Bf16ToFloat(FloatToBf16(std::max(low / -8, high / 7))), -8, 7);
  }
  EXPECT_LT(searched, 0.92 * plain);
}

TEST(QuantizeQ4, MultiplesOfABf16ScaleAreExact) {
  std::vector<float> w(32);
  const float scale = Bf16ToFloat(FloatToBf16(0.0123f));
  for (size_t i = 0; i < 32; ++i) w[i] = scale * static_cast<float>(static_cast<int>(i % 16) - 8);
  const Q4Group group = QuantizeQ4(w.data(), 32);
  EXPECT_EQ(Bf16ToFloat(group.scale), scale);
  for (size_t i = 0; i < 32; ++i) EXPECT_EQ(group.q[i], static_cast<int>(i % 16) - 8);
}

TEST(QuantizeQ4, ZerosHaveScaleOneAndShortGroupsEndInZeros) {
  const std::vector<float> zeros(32, 0.0f);
  const Q4Group none = QuantizeQ4(zeros.data(), 32);
  EXPECT_EQ(Bf16ToFloat(none.scale), 1);
  const auto w = Weights32(3);
  for (size_t count = 1; count < 32; ++count) {
    const Q4Group group = QuantizeQ4(w.data(), count);
    for (size_t i = count; i < 32; ++i) ASSERT_EQ(group.q[i], 0);
  }
  for (const int8_t q : none.q) EXPECT_EQ(q, 0);
}

TEST(QuantizeQ8, RoundsWithinTheRangeAndIsNoWorseThanTheLargestWeightsScale) {
  for (const size_t k : {1u, 7u, 32u, 100u, 576u}) {
    for (uint64_t seed = 0; seed < 20; ++seed) {
      const auto w = Random(seed + k).Many(k, 0.3f);
      std::vector<int8_t> q(k);
      const float scale = QuantizeQ8(w.data(), k, q.data());
      float largest = 0;
      for (size_t i = 0; i < k; ++i) {
        const float exact = std::nearbyint(w[i] / scale);
        ASSERT_EQ(q[i], std::min(std::max(exact, -127.0f), 127.0f));
        largest = std::max(largest, std::abs(w[i]));
      }
      const double plain = ErrorOf(w, largest / 127, -127, 127);
      EXPECT_LE(ErrorOf(w, scale, -127, 127), plain * 1.001 + 1e-12);
    }
  }
}

TEST(QuantizeQ8, ZerosHaveScaleOneAndTinyWeightsANormalOne) {
  std::vector<int8_t> q(9, 1);
  const std::vector<float> zeros(9, 0.0f), tiny(9, 1e-44f);
  EXPECT_EQ(QuantizeQ8(zeros.data(), 9, q.data()), 1);
  EXPECT_EQ(q, std::vector<int8_t>(9, 0));
  EXPECT_GE(QuantizeQ8(tiny.data(), 9, q.data()), 0x1p-126f);
}

TEST(QuantizeStrip, IsTheRowsQuantizedOneByOneAndPadsWithZeros) {
  for (const Panel panel : {Panel::kQ8, Panel::kQ4}) {
    for (const size_t k : {1u, 33u, 64u, 75u}) {
      PackedMatrix m(panel, 5, k);
      auto w = Random(k).Many(5 * k);
      std::fill(w.begin() + static_cast<ptrdiff_t>(k), w.begin() + static_cast<ptrdiff_t>(2 * k),
                0.0f);  // a row of zeros
      std::vector<int8_t> scratch(k);
      for (size_t row = 0; row < 5; ++row) {
        if (panel == Panel::kQ8) m.scales[row] = QuantizeQ8(&w[row * k], k, scratch.data());
        for (size_t i = 0; i < k; ++i) {
          if (panel == Panel::kQ4 && i % 32 == 0) {
            const Q4Group group = QuantizeQ4(&w[row * k + i], std::min<size_t>(32, k - i));
            m.scales[row * m.groups() + i / 32] = Bf16ToFloat(group.scale);
            for (size_t j = i; j < std::min(i + 32, k); ++j) m.q[row * k + j] = group.q[j - i];
          } else if (panel == Panel::kQ8) {
            m.q[row * k + i] = scratch[i];
          }
        }
      }
      m.Pack();
      std::vector<std::byte> strip(StripBytes(panel, k), std::byte{0xAA});
      QuantizeStrip(panel, w.data(), 5, k, scratch.data(), strip.data());
      EXPECT_EQ(strip, m.bytes) << k;
    }
  }
}

}  // namespace
}  // namespace quanta::kernels
