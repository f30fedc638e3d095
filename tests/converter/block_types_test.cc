// SPDX-License-Identifier: MIT
//
// Blocks against plain readings of ggml's layouts: walked group
// by group, where the code computes each number's place.
#include "converter/block_types.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstdint>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "converter/element_type.h"

namespace quanta::converter {
namespace {

using Bytes = std::vector<uint8_t>;

/// A half from its bits, by its definition.
float Half(const uint8_t* at) {
  const int bits = at[0] | at[1] << 8;
  const int exponent = bits >> 10 & 31, fraction = bits & 1023;
  const float size = exponent == 0 ? std::ldexp(static_cast<float>(fraction), -24)
                                   : std::ldexp(static_cast<float>(1024 + fraction), exponent - 25);
  return (bits >> 15) != 0 ? -size : size;
}

float F(int value) { return static_cast<float>(value); }

using Oracle = std::vector<float> (*)(const uint8_t* block);

std::vector<float> Small(const uint8_t* q, const uint8_t* high, int zero, float d, float m) {
  std::vector<float> out(32);
  for (int i = 0; i < 32; ++i) {
    int value = i < 16 ? q[i] % 16 : q[i - 16] / 16;
    if (high != nullptr && (high[i / 8] & 1 << i % 8) != 0) value += 16;
    out[static_cast<size_t>(i)] = F(value - zero) * d + m;
  }
  return out;
}

std::vector<float> Q4_0(const uint8_t* b) { return Small(b + 2, nullptr, 8, Half(b), 0); }
std::vector<float> Q4_1(const uint8_t* b) { return Small(b + 4, nullptr, 0, Half(b), Half(b + 2)); }
std::vector<float> Q5_0(const uint8_t* b) { return Small(b + 6, b + 2, 16, Half(b), 0); }
std::vector<float> Q5_1(const uint8_t* b) { return Small(b + 8, b + 4, 0, Half(b), Half(b + 2)); }
std::vector<float> Q8_0(const uint8_t* b) {
  std::vector<float> out;
  for (int i = 0; i < 32; ++i)
    out.push_back(F(b[2 + i] < 128 ? b[2 + i] : b[2 + i] - 256) * Half(b));
  return out;
}

/// Bit `bit` and those above it, `count` of them.
int Bits(uint8_t byte, int bit, int count) { return byte / (1 << bit) % (1 << count); }

std::vector<float> Q2_K(const uint8_t* b) {
  std::vector<float> out(256);
  const float d = Half(b + 80), e = Half(b + 82);
  // From the bytes' side: each of 64 has four numbers, 32 apart.
  for (size_t byte = 0; byte < 64; ++byte) {
    for (size_t k = 0; k < 4; ++k) {
      const size_t i = byte / 32 * 128 + 32 * k + byte % 32;
      const uint8_t group = b[i / 16];
      out[i] =
          d * F(group % 16) * F(Bits(b[16 + byte], static_cast<int>(2 * k), 2)) - e * F(group / 16);
    }
  }
  return out;
}

std::vector<float> Q3_K(const uint8_t* b) {
  std::vector<float> out(256);
  std::vector<int> scales;
  const uint8_t* packed = b + 96;
  for (int i = 0; i < 8; ++i) scales.push_back(packed[i] % 16);
  for (int i = 0; i < 8; ++i) scales.push_back(packed[i] / 16);
  for (size_t quarter = 0; quarter < 4; ++quarter) {
    for (size_t i = 0; i < 4; ++i) {
      scales[4 * quarter + i] += 16 * Bits(packed[8 + i], static_cast<int>(2 * quarter), 2);
    }
  }
  const float d = Half(b + 108);
  for (size_t byte = 0; byte < 64; ++byte) {
    for (size_t k = 0; k < 4; ++k) {
      const size_t i = byte / 32 * 128 + 32 * k + byte % 32;
      const int third = Bits(b[i % 32], static_cast<int>(i / 32), 1);
      const int value = Bits(b[32 + byte], static_cast<int>(2 * k), 2) + 4 * third - 4;
      out[i] = d * F(scales[i / 16] - 32) * F(value);
    }
  }
  return out;
}

/// The scale and the minimum of each of eight groups.
std::vector<std::pair<float, float>> ScalesAndMins(const uint8_t* packed) {
  std::vector<std::pair<float, float>> out;
  for (int i = 0; i < 4; ++i) {
    out.emplace_back(F(Bits(packed[i], 0, 6)), F(Bits(packed[4 + i], 0, 6)));
  }
  for (int i = 0; i < 4; ++i) {
    out.emplace_back(F(Bits(packed[8 + i], 0, 4) + 16 * Bits(packed[i], 6, 2)),
                     F(Bits(packed[8 + i], 4, 4) + 16 * Bits(packed[4 + i], 6, 2)));
  }
  return out;
}

/// Of both kinds: 128 bytes of nibbles, and perhaps 32 of fifth bits.
std::vector<float> Nibbles(const uint8_t* b, const uint8_t* q, const uint8_t* fifth) {
  std::vector<float> out(256);
  const auto groups = ScalesAndMins(b + 4);
  for (size_t byte = 0; byte < 128; ++byte) {
    for (size_t high = 0; high < 2; ++high) {
      const size_t group = byte / 32 * 2 + high;
      int value = Bits(q[byte], high != 0 ? 4 : 0, 4);
      if (fifth != nullptr) value += 16 * Bits(fifth[byte % 32], static_cast<int>(group), 1);
      out[group * 32 + byte % 32] =
          Half(b) * groups[group].first * F(value) - Half(b + 2) * groups[group].second;
    }
  }
  return out;
}

std::vector<float> Q4_K(const uint8_t* b) { return Nibbles(b, b + 16, nullptr); }
std::vector<float> Q5_K(const uint8_t* b) { return Nibbles(b, b + 48, b + 16); }

std::vector<float> Q6_K(const uint8_t* b) {
  std::vector<int> values(256);
  for (size_t byte = 0; byte < 128; ++byte) {
    const size_t i = byte / 64 * 128 + byte % 64;
    values[i] = Bits(b[byte], 0, 4);
    values[i + 64] = Bits(b[byte], 4, 4);
  }
  for (size_t byte = 0; byte < 64; ++byte) {
    for (size_t k = 0; k < 4; ++k) {
      values[byte / 32 * 128 + 32 * k + byte % 32] +=
          16 * Bits(b[128 + byte], static_cast<int>(2 * k), 2);
    }
  }
  std::vector<float> out;
  for (size_t i = 0; i < 256; ++i) {
    const uint8_t scale = b[192 + i / 16];
    out.push_back(Half(b + 208) * F(scale < 128 ? scale : scale - 256) * F(values[i] - 32));
  }
  return out;
}

struct Case {
  const char* name;
  Oracle oracle;
  std::vector<size_t> halves;  ///< where the block has halves, which must be finite
};

void PrintTo(const Case& one, std::ostream* out) { *out << one.name; }

class BlockTypes : public ::testing::TestWithParam<Case> {};

TEST_P(BlockTypes, NumbersAreThoseOfAPlainReading) {
  const ElementType* type = FindElementType(GetParam().name);
  ASSERT_NE(type, nullptr);
  std::mt19937 random(7);
  constexpr size_t kBlocks = 300;
  // Blocks lie at odd addresses in files.
  Bytes bytes(1 + kBlocks * type->block_bytes);
  for (uint8_t& byte : bytes) byte = static_cast<uint8_t>(random());
  for (size_t i = 0; i < kBlocks; ++i) {
    // The largest exponent would be infinity.
    for (const size_t half : GetParam().halves) {
      uint8_t& top = bytes[1 + i * type->block_bytes + half + 1];
      if ((top & 0x7c) == 0x7c) top &= 0xbf;
    }
  }
  std::vector<float> numbers(kBlocks * type->block);
  type->widen(reinterpret_cast<const std::byte*>(bytes.data()) + 1, kBlocks, numbers.data());
  for (size_t i = 0; i < kBlocks; ++i) {
    const auto expected = GetParam().oracle(bytes.data() + 1 + i * type->block_bytes);
    ASSERT_EQ(expected.size(), type->block);
    for (size_t j = 0; j < expected.size(); ++j) {
      ASSERT_EQ(numbers[i * type->block + j], expected[j]) << "block " << i << " number " << j;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(All, BlockTypes,
                         ::testing::Values(Case{"Q4_0", Q4_0, {0}}, Case{"Q4_1", Q4_1, {0, 2}},
                                           Case{"Q5_0", Q5_0, {0}}, Case{"Q5_1", Q5_1, {0, 2}},
                                           Case{"Q8_0", Q8_0, {0}}, Case{"Q2_K", Q2_K, {80, 82}},
                                           Case{"Q3_K", Q3_K, {108}}, Case{"Q4_K", Q4_K, {0, 2}},
                                           Case{"Q5_K", Q5_K, {0, 2}}, Case{"Q6_K", Q6_K, {208}}),
                         [](const auto& test) { return std::string(test.param.name); });

}  // namespace
}  // namespace quanta::converter
