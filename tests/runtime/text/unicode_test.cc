// SPDX-License-Identifier: MIT
#include "runtime/text/unicode.h"

#include <gtest/gtest.h>

namespace quanta::text {
namespace {

TEST(Unicode, ClassesOfTelltaleCharacters) {
  const struct {
    CharClass kind;
    std::initializer_list<uint32_t> characters;
  } cases[] = {
      {CharClass::kLetter,
       {'a', 'Z', 0xAA, 0xE9, 0x17F, 0x1C5, 0x2B0, 0x5D0, 0x4E00, 0xAC00, 0x1D573, 0x2A6DF, 0x2EBF0,
        0x16D40}},
      // Roman numerals, fractions, superscripts and CJK zero are numbers.
      {CharClass::kNumber,
       {'0', '9', 0xB2, 0xBD, 0x663, 0x2167, 0x2188, 0x3007, 0x1D7CE, 0x10D40, 0x1CCF0}},
      {CharClass::kSpace,
       {' ', '\t', '\v', '\f', 0x85, 0xA0, 0x1680, 0x2000, 0x2028, 0x2029, 0x202F, 0x205F, 0x3000}},
      {CharClass::kNewline, {'\n', '\r'}},
      // Combining marks are no letters, nor are format characters spaces.
      {CharClass::kOther,
       {'!', '_', '\0', 0x1C, 0x7F, 0x301, 0x94D, 0x180E, 0x200B, 0x200D, 0xFEFF, 0xFFFD, 0x1F642,
        0xE000, 0x378, 0x10FFFF}},
  };
  for (const auto& one : cases) {
    for (const uint32_t c : one.characters) {
      EXPECT_EQ(ClassOf(c), one.kind) << std::hex << c;
      char bytes[4];
      EncodeUtf8(c, bytes);
      EXPECT_EQ(ReadChar(bytes).kind, one.kind) << std::hex << c;
    }
  }
}

// Totals of the reference's regular expressions: one code point more or less fails.
TEST(Unicode, ClassesHaveTheReferencesSizes) {
  int letters = 0, numbers = 0, spaces = 0, words = 0;
  for (uint32_t c = 0; c < 0x110000; ++c) {
    if (c >= 0xD800 && c <= 0xDFFF) continue;
    letters += ClassOf(c) == CharClass::kLetter;
    numbers += ClassOf(c) == CharClass::kNumber;
    spaces += IsSpace(c);
    words += IsWord(c);
  }
  EXPECT_EQ(letters, 141028);
  EXPECT_EQ(numbers, 1911);
  EXPECT_EQ(spaces, 25);
  EXPECT_EQ(words, 144667);
}

TEST(Unicode, NumericKnowsDigitsThatThePatternsDoNot) {
  EXPECT_TRUE(IsNumeric('7'));
  EXPECT_TRUE(IsNumeric(0xBD));
  EXPECT_TRUE(IsNumeric(0x11DE9));
  EXPECT_NE(ClassOf(0x11DE9), CharClass::kNumber);
  EXPECT_FALSE(IsNumeric('a'));
}

}  // namespace
}  // namespace quanta::text
