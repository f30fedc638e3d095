// SPDX-License-Identifier: MIT
#include <gtest/gtest.h>

#include <cstdint>

#include "runtime/format/bytes.h"
#include "runtime/format/model_view.h"

namespace quanta::format {
namespace {

TEST(PanelBytes, FollowsTheLayoutOfEachPanel) {
  EXPECT_EQ(PanelBytes(Panel::kF32, 3, 5), 60u);
  EXPECT_EQ(PanelBytes(Panel::kF16, 3, 5), 30u);
  // One strip of 16 columns: sums, 8 deep, scales, bias.
  EXPECT_EQ(PanelBytes(Panel::kQ8, 1, 1), 16u * 4 + 16 * 8 + 16 * 4 + 16 * 4);
  EXPECT_EQ(PanelBytes(Panel::kQ8, 17, 9), 2u * (16 * 16 + 16 * 12));
  // Sums, one group of 32 nibbles, its bf16 scales, bias.
  EXPECT_EQ(PanelBytes(Panel::kQ4, 1, 1), 16u * 4 + 16 * 16 + 16 * 2 + 16 * 4);
  EXPECT_EQ(PanelBytes(Panel::kQ4, 32, 64), 2u * (16 * 8 + 2 * 16 * 18));
}

TEST(PanelBytes, IsZeroForEmptyAndForOverflowingShapes) {
  EXPECT_EQ(PanelBytes(Panel::kF32, 0, 5), 0u);
  EXPECT_EQ(PanelBytes(Panel::kQ8, 5, 0), 0u);
  EXPECT_EQ(PanelBytes(Panel::kF32, UINT32_MAX, UINT32_MAX), 0u);
  EXPECT_EQ(PanelBytes(Panel::kF16, 1u << 31, 1u << 31), uint64_t{1} << 63);
  EXPECT_EQ(PanelBytes(Panel::kF32, 1u << 31, 1u << 31), 0u);
}

TEST(Names, OfValuesOutsideTheEnumerationsAreHarmless) {
  EXPECT_STREQ(PanelName(Panel::kQ4), "q4");
  EXPECT_STREQ(PanelName(static_cast<Panel>(4)), "?");
  EXPECT_STREQ(RoleName(Role::kFfnPostNormBias), "ffn_post_norm_bias");
  EXPECT_STREQ(RoleName(static_cast<Role>(255)), "?");
}

bool Utf8(std::string_view text) { return IsUtf8(std::as_bytes(std::span(text))); }

TEST(IsUtf8, AcceptsTheFirstAndLastCharacterOfEachLength) {
  for (const char* text :
       {"", "\x7F", "\xC2\x80", "\xDF\xBF", "\xE0\xA0\x80", "\xED\x9F\xBF", "\xEE\x80\x80",
        "\xEF\xBF\xBF", "\xF0\x90\x80\x80", "\xF4\x8F\xBF\xBF", "a\xC3\xA4z"}) {
    EXPECT_TRUE(Utf8(text)) << testing::PrintToString(text);
  }
}

TEST(IsUtf8, RefusesOverlongSurrogateTooLargeAndCutCharacters) {
  for (const char* text :
       {"\x80", "\xBF", "\xC0\x80", "\xC1\xBF", "\xE0\x9F\xBF", "\xED\xA0\x80", "\xED\xBF\xBF",
        "\xF0\x8F\xBF\xBF", "\xF4\x90\x80\x80", "\xF5\x80\x80\x80", "\xFF", "\xC2", "\xE2\x82",
        "\xF0\x90\x80", "a\xC3", "\xC3(", "\xE2\x28\xA1", "\xE2\x82\x28"}) {
    EXPECT_FALSE(Utf8(text)) << testing::PrintToString(text);
  }
}

}  // namespace
}  // namespace quanta::format
