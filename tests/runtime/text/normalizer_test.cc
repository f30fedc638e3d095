// SPDX-License-Identifier: MIT
#include "runtime/text/normalizer.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace quanta::text {
namespace {

using Kind = format::NormalizerKind;

format::Normalizer Step(Kind kind, std::string_view a = {}, std::string_view b = {}) {
  format::Normalizer step;
  step.kind = kind;
  step.a = a;
  step.b = b;
  return step;
}

std::string Apply(const std::vector<format::Normalizer>& steps, std::string_view text) {
  const auto chain = NormalizerChain::Create(steps, nullptr);
  EXPECT_TRUE(chain.ok());
  NormalizerChain::Scratch scratch;
  const auto result = chain.value().Apply(text, &scratch);
  EXPECT_TRUE(result.ok());
  return std::string(result.value());
}

TEST(Normalizer, FormsOfTelltaleTexts) {
  const struct {
    const char *text, *nfc, *nfd, *nfkc, *nfkd;
  } cases[] = {
      {"plain", "plain", "plain", "plain", "plain"},
      {"e\u0301", "\u00E9", "e\u0301", "\u00E9", "e\u0301"},
      {"\u212B", "\u00C5", "A\u030A", "\u00C5", "A\u030A"},
      {"\uFB01", "\uFB01", "\uFB01", "fi", "fi"},
      {"\u1E69", "\u1E69", "s\u0323\u0307", "\u1E69", "s\u0323\u0307"},
      {"s\u0307\u0323", "\u1E69", "s\u0323\u0307", "\u1E69", "s\u0323\u0307"},  // reordered
      {"\uAC01", "\uAC01", "\u1100\u1161\u11A8", "\uAC01", "\u1100\u1161\u11A8"},
      {"\u1100\u1161\u11A8x", "\uAC01x", "\u1100\u1161\u11A8x", "\uAC01x", "\u1100\u1161\u11A8x"},
      {"\u0958", "\u0915\u093C", "\u0915\u093C", "\u0915\u093C", "\u0915\u093C"},  // excluded
      {"\u2460\u3000", "\u2460\u3000", "\u2460\u3000", "1 ", "1 "},
      // U+11A7 is no final consonant: nothing joins it.
      {"\uAC00\u11A7", "\uAC00\u11A7", "\u1100\u1161\u11A7", "\uAC00\u11A7", "\u1100\u1161\u11A7"},
      // Newer than the reference's tables: marks do not move past each other there.
      {"a\u0301\u0899", "\u00E1\u0899", "a\u0301\u0899", "\u00E1\u0899", "a\u0301\u0899"},
      {"\u32FF", "\u32FF", "\u32FF", "\u32FF", "\u32FF"},
  };
  for (const auto& one : cases) {
    EXPECT_EQ(Apply({Step(Kind::kNfc)}, one.text), one.nfc);
    EXPECT_EQ(Apply({Step(Kind::kNfd)}, one.text), one.nfd);
    EXPECT_EQ(Apply({Step(Kind::kNfkc)}, one.text), one.nfkc);
    EXPECT_EQ(Apply({Step(Kind::kNfkd)}, one.text), one.nfkd);
  }
}

// Sorting by swapping neighbours would take 10^10 steps here.
TEST(Normalizer, AHugeRunOfMarksIsNoTrap) {
  constexpr int kEach = 100000;
  std::string text = "a", sorted = "a";
  for (int i = 0; i < kEach; ++i) text += "\u0301";                      // class 230
  for (int i = 0; i < kEach; ++i) text += "\u0323", sorted += "\u0323";  // class 220
  for (int i = 0; i < kEach; ++i) sorted += "\u0301";
  EXPECT_EQ(Apply({Step(Kind::kNfd)}, text), sorted);
}

TEST(Normalizer, LowercaseIsCharacterByCharacter) {
  EXPECT_EQ(Apply({Step(Kind::kLowercase)}, "AbC \u00C9\u0130\u03A3\u10A0 \u1E9E"),
            "abc \u00E9i\u0307\u03C3\u2D00 \u00DF");
}

TEST(Normalizer, TheOthersDoWhatTheirNamesSay) {
  EXPECT_EQ(Apply({Step(Kind::kPrepend, "_")}, "a"), "_a");
  EXPECT_EQ(Apply({Step(Kind::kPrepend, "_")}, ""), "");
  EXPECT_EQ(Apply({Step(Kind::kReplace, "aa", "b")}, "aaaxa"), "baxa");
  EXPECT_EQ(Apply({Step(Kind::kReplace, " ", "")}, " a b "), "ab");
  EXPECT_EQ(Apply({Step(Kind::kSqueezeSpaces, "", "_")}, "a  b c   "), "a_b c_");
  format::Normalizer strip = Step(Kind::kStrip);
  strip.left = true;
  EXPECT_EQ(Apply({strip}, "\u3000 a "), "a ");
  strip.right = true;
  EXPECT_EQ(Apply({strip}, "\u3000 a \u0085"), "a");
  EXPECT_EQ(Apply({strip}, " \n"), "");
}

TEST(Normalizer, StepsWorkOnWhatTheOneBeforeLeft) {
  EXPECT_EQ(Apply({Step(Kind::kNfkc), Step(Kind::kLowercase), Step(Kind::kReplace, "f", "ff"),
                   Step(Kind::kPrepend, " ")},
                  "\uFB01X"),
            " ffix");
}

TEST(Normalizer, RefusesStringsThatAreNoTextOrNothing) {
  const format::Normalizer bad[] = {Step(Kind::kReplace, "", "x"), Step(Kind::kPrepend, "\xFF"),
                                    Step(Kind::kReplace, "x", "\xC3")};
  for (const format::Normalizer& step : bad) {
    EXPECT_EQ(NormalizerChain::Create({&step, 1}, nullptr).status().code(), Code::kCorrupt);
  }
  const std::vector<format::Normalizer> many(100, Step(Kind::kNfc));
  EXPECT_EQ(NormalizerChain::Create(many, nullptr).status().code(), Code::kUnsupported);
}

// 16 steps that each multiply the text by 200.
TEST(Normalizer, TextsThatExplodeAreRefusedEarly) {
  const std::string many(200, 'a');
  const std::vector<format::Normalizer> steps(16, Step(Kind::kReplace, "a", many));
  const auto chain = NormalizerChain::Create(steps, nullptr);
  NormalizerChain::Scratch scratch;
  EXPECT_EQ(chain.value().Apply("aaaa", &scratch).status().code(), Code::kLimit);
}

}  // namespace
}  // namespace quanta::text
