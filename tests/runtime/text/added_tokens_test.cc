// SPDX-License-Identifier: MIT
#include "runtime/text/added_tokens.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace quanta::text {
namespace {

using format::AddedToken;
using Pieces = std::vector<std::string>;

AddedToken Token(std::string_view content) {
  AddedToken token;
  token.content = content;
  return token;
}

// Tokens are shown in brackets.
Pieces Split(const std::vector<AddedToken>& tokens, std::string_view text,
             bool parse_special = true) {
  auto set = AddedTokenSet::Create(tokens, false, {}, nullptr);
  EXPECT_TRUE(set.ok());
  Pieces pieces;
  AddedTokenSplitter splitter(set.value(), text, parse_special);
  for (AddedTokenSplitter::Piece piece; splitter.Next(&piece);) {
    const std::string shown(piece.text);
    pieces.push_back(piece.token != nullptr ? "[" + shown + "]" : shown);
  }
  return pieces;
}

TEST(AddedTokens, LeftmostLongestWins) {
  const std::vector<AddedToken> tokens = {Token("ab"), Token("abcd"), Token("bcde"), Token("b")};
  EXPECT_EQ(Split(tokens, "abcde"), (Pieces{"[abcd]", "e"}));
  EXPECT_EQ(Split(tokens, "abce"), (Pieces{"[ab]", "ce"}));
  EXPECT_EQ(Split(tokens, "xbcdeb"), (Pieces{"x", "[bcde]", "[b]"}));
  EXPECT_EQ(Split(tokens, "a"), Pieces{"a"});
  EXPECT_EQ(Split(tokens, ""), Pieces{});
  EXPECT_EQ(Split({}, "ab"), Pieces{"ab"});
}

TEST(AddedTokens, EveryByteMayStartOne) {
  const std::vector<AddedToken> tokens = {Token("\u00E9"), Token(std::string_view("\0", 1)),
                                          Token("\U0010FFFF")};
  EXPECT_EQ(Split(tokens, "a\u00E9\U0010FFFF\u00E8"),
            (Pieces{"a", "[\u00E9]", "[\U0010FFFF]", "\u00E8"}));
  EXPECT_EQ(Split(tokens, std::string_view("a\0b", 3)), (Pieces{"a", std::string("[\0]", 3), "b"}));
}

TEST(AddedTokens, SpecialOnesUseUpTheirTextEvenWhereTheyDoNotCount) {
  std::vector<AddedToken> tokens = {Token("<end>"), Token("end")};
  tokens[0].special = true;
  EXPECT_EQ(Split(tokens, "<end>end", true), (Pieces{"[<end>]", "[end]"}));
  EXPECT_EQ(Split(tokens, "<end>end", false), (Pieces{"<end>", "[end]"}));
}

TEST(AddedTokens, StripTakesTheWhiteSpaceBeside) {
  std::vector<AddedToken> tokens = {Token("L"), Token("R"), Token("B")};
  tokens[0].lstrip = tokens[1].rstrip = tokens[2].lstrip = tokens[2].rstrip = true;
  EXPECT_EQ(Split(tokens, "a \u3000L b"), (Pieces{"a", "[ \u3000L]", " b"}));
  EXPECT_EQ(Split(tokens, "a R\n\u00A0b"), (Pieces{"a ", "[R\n\u00A0]", "b"}));
  EXPECT_EQ(Split(tokens, "  B  B  "), (Pieces{"[  B  ]", "[B  ]"}));
}

TEST(AddedTokens, ASingleWordStandsApartFromWordCharacters) {
  std::vector<AddedToken> tokens = {Token("on")};
  tokens[0].single_word = true;
  EXPECT_EQ(Split(tokens, "on,on"), (Pieces{"[on]", ",", "[on]"}));
  for (const char* text : {"onx", "xon", "on_", "on1", "\u00E9on", "on\u0301", "on\u200D"}) {
    EXPECT_EQ(Split(tokens, text), Pieces{text});
  }
}

// Where a token's trailing space is a token itself, both come out: so does the
// reference.
TEST(AddedTokens, ATokenInsideStrippedSpaceIsFoundToo) {
  std::vector<AddedToken> tokens = {Token("R"), Token("\n")};
  tokens[0].rstrip = true;
  EXPECT_EQ(Split(tokens, "R \n b"), (Pieces{"[R \n ]", "[\n]", " b"}));
}

TEST(AddedTokens, OfEqualContentsTheSpecialOneCounts) {
  std::vector<AddedToken> tokens = {Token("x"), Token("x")};
  tokens[1].special = true;
  EXPECT_EQ(Split(tokens, "x", false), Pieces{"x"});
}

TEST(AddedTokens, NormalizedContentsAreLookedForNormalized) {
  std::vector<AddedToken> tokens = {Token("ABC"), Token("raw")};
  tokens[0].normalized = true;
  format::Normalizer lower;
  lower.kind = format::NormalizerKind::kLowercase;
  const auto chain = NormalizerChain::Create({&lower, 1}, nullptr);
  const auto set = AddedTokenSet::Create(tokens, true, chain.value(), nullptr);
  EXPECT_EQ(set.value().Find("xabc", 0).start, 1u);
  EXPECT_EQ(set.value().Find("ABC raw", 0).token, nullptr);
}

// A run of white space is looked through once, not once per token in it.
TEST(AddedTokens, ManyStrippingTokensInOneRunAreNoTrap) {
  std::vector<AddedToken> tokens = {Token(" ")};
  tokens[0].rstrip = true;
  const auto set = AddedTokenSet::Create(tokens, false, {}, nullptr);
  const std::string text(300000, ' ');
  AddedTokenSplitter splitter(set.value(), text, true);
  size_t pieces = 0;
  for (AddedTokenSplitter::Piece piece; splitter.Next(&piece);) ++pieces;
  EXPECT_EQ(pieces, text.size());
}

}  // namespace
}  // namespace quanta::text
