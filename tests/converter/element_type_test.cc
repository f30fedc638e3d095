// SPDX-License-Identifier: MIT
#include "converter/element_type.h"

#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <cstring>
#include <limits>
#include <vector>

namespace quanta::converter {
namespace {

std::vector<float> Widen(const ElementType& type, const std::vector<std::byte>& bytes) {
  std::vector<float> values(bytes.size() / type.block_bytes * type.block);
  type.widen(bytes.data(), values.size() / type.block, values.data());
  return values;
}

std::vector<std::byte> Narrow(const ElementType& type, const std::vector<float>& values) {
  std::vector<std::byte> bytes(type.Bytes(values.size()));
  type.narrow(values.data(), values.size() / type.block, bytes.data());
  return bytes;
}

TEST(ElementType, AnUnknownNameIsNone) {
  EXPECT_EQ(FindElementType("F8_E4M3"), nullptr);
  EXPECT_EQ(FindElementType("f32"), nullptr);
}

TEST(ElementType, Bf16RoundsToTheNearestAndTiesToEven) {
  const ElementType& bf16 = *FindElementType("BF16");
  // One unit in the last place of a bf16 at 1 is 2^-7.
  const float ulp = 0.0078125f;
  const std::vector<float> values{1 + ulp / 2, 1 + ulp + ulp / 2, 1 + ulp / 2 + 1e-6f, -3.1415927f};
  const std::vector<float> expected{1, 1 + 2 * ulp, 1 + ulp, -3.140625f};
  EXPECT_EQ(Widen(bf16, Narrow(bf16, values)), expected);
}

TEST(ElementType, EveryBf16WidensAndNarrowsToItself) {
  const ElementType& bf16 = *FindElementType("BF16");
  std::vector<std::byte> all;
  for (uint32_t bits = 0; bits < 65536; ++bits) {
    const float value = std::bit_cast<float>(bits << 16);
    if (!std::isfinite(value)) continue;
    all.push_back(static_cast<std::byte>(bits & 255));
    all.push_back(static_cast<std::byte>(bits >> 8));
  }
  EXPECT_EQ(Narrow(bf16, Widen(bf16, all)), all);
}

TEST(ElementType, F16AndF32KeepWhatTheyCanHold) {
  std::vector<float> values;
  for (int i = 0; i < 3000; ++i) values.push_back(static_cast<float>(i - 1500) / 64);
  for (const char* name : {"F16", "F32"}) {
    const ElementType& type = *FindElementType(name);
    EXPECT_EQ(Widen(type, Narrow(type, values)), values) << name;
  }
}

}  // namespace
}  // namespace quanta::converter
