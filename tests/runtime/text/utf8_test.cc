// SPDX-License-Identifier: MIT
#include "runtime/text/utf8.h"

#include <gtest/gtest.h>

#include <string>

namespace quanta::text {
namespace {

// The characters of UTF-8 by the definition: every code point but the surrogates.
TEST(Utf8, EveryCodePointRoundTrips) {
  for (uint32_t c = 0; c < 0x110000; ++c) {
    char bytes[4];
    const size_t size = EncodeUtf8(c, bytes);
    const Utf8Step step = StepUtf8(bytes, size);
    if (c >= 0xD800 && c <= 0xDFFF) {
      ASSERT_EQ(step.kind, Utf8Kind::kBroken) << c;
      continue;
    }
    ASSERT_EQ(step.kind, Utf8Kind::kCharacter) << c;
    ASSERT_EQ(step.bytes, size) << c;
    ASSERT_EQ(DecodeUtf8(bytes).value, c);
    ASSERT_EQ(DecodeUtf8(bytes).bytes, size);
  }
}

TEST(Utf8, EveryProperPrefixOfACharacterIsUnfinished) {
  for (const std::string character : {"\u00E9", "\u20AC", "\U0001F642", "\U0010FFFF"}) {
    for (size_t n = 1; n < character.size(); ++n) {
      const Utf8Step step = StepUtf8(character.data(), n);
      EXPECT_EQ(step.kind, Utf8Kind::kUnfinished);
      EXPECT_EQ(step.bytes, n);
    }
  }
}

// Unicode's recommended practice, table 3-8 and its neighbours.
TEST(Utf8, BrokenSequencesTakeTheirMaximalSubpart) {
  const struct {
    std::string bytes;
    int taken;
  } cases[] = {
      {"\x80", 1},         {"\xBF", 1},         {"\xC0\x80", 1},      {"\xC1\xBF", 1},
      {"\xC2 ", 1},        {"\xE0\x80\x80", 1}, {"\xE0\xA0 ", 2},     {"\xED\xA0\x80", 1},
      {"\xE2\x82 ", 2},    {"\xF0\x80\x80", 1}, {"\xF0\x9F\x99 ", 3}, {"\xF0\x9F ", 2},
      {"\xF4\x90\x80", 1}, {"\xF5\x80", 1},     {"\xFE", 1},          {"\xFF\xFF", 1},
  };
  for (const auto& one : cases) {
    const Utf8Step step = StepUtf8(one.bytes.data(), one.bytes.size());
    EXPECT_EQ(step.kind, Utf8Kind::kBroken) << ::testing::PrintToString(one.bytes);
    EXPECT_EQ(step.bytes, one.taken) << ::testing::PrintToString(one.bytes);
  }
}

TEST(Utf8, ValidPrefixEndsAtTheFirstBrokenByteWhereverItIs) {
  for (size_t at = 0; at < 40; ++at) {
    std::string text(40, 'a');
    text[at] = '\xFF';
    EXPECT_EQ(ValidUtf8Prefix(text), at);
  }
  EXPECT_EQ(ValidUtf8Prefix("abc\u20AC"), 6u);
  EXPECT_EQ(ValidUtf8Prefix(std::string_view("abc\u20AC", 5)), 3u);
  EXPECT_EQ(ValidUtf8Prefix(""), 0u);
}

TEST(Utf8, PreviousCharacterIsFound) {
  const std::string text = "a\u20AC\U0001F642";
  const char* p = text.data() + text.size();
  EXPECT_EQ((p = PreviousUtf8(text.data(), p)) - text.data(), 4);
  EXPECT_EQ((p = PreviousUtf8(text.data(), p)) - text.data(), 1);
  EXPECT_EQ((p = PreviousUtf8(text.data(), p)) - text.data(), 0);
}

}  // namespace
}  // namespace quanta::text
