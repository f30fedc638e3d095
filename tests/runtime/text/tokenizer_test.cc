// SPDX-License-Identifier: MIT
#include "quanta/tokenizer.h"

#include <gtest/gtest.h>

#include "tests/runtime/text/tiny_tokenizer.h"

namespace quanta {
namespace {

using testing::TinyTokenizer;
using Ids = std::vector<int32_t>;
using Kind = format::PreTokenizerKind;

constexpr EncodeOptions kParse{.add_special = false, .parse_special = true};
constexpr EncodeOptions kPlain{.add_special = false, .parse_special = false};

Ids BytesOf(std::string_view text) {
  Ids ids;
  for (const char c : text) ids.push_back(static_cast<uint8_t>(c));
  return ids;
}

TEST(Tokenizer, MergesInsidePiecesOnly) {
  TinyTokenizer tiny;
  const int32_t ab = tiny.AddMerge("a", "b");
  const int32_t space_ab = tiny.AddMerge(" ", "ab");
  tiny.AddMerge("b", " ");  // never: a space starts a piece
  tiny.AddStep(Kind::kGpt2);
  EXPECT_EQ(tiny.Encode("ab ab abc"), (Ids{ab, space_ab, space_ab, 'c'}));
  EXPECT_EQ(tiny.Encode(""), Ids{});
}

TEST(Tokenizer, PutsThePostProcessorsIdsAroundAnyText) {
  TinyTokenizer tiny;
  tiny.SurroundWith('<', '>');
  EXPECT_EQ(tiny.Encode("a"), (Ids{'<', 'a', '>'}));
  EXPECT_EQ(tiny.Encode(""), (Ids{'<', '>'}));
  EXPECT_EQ(tiny.Encode("a", kPlain), Ids{'a'});
}

TEST(Tokenizer, AppendsToWhatIsThere) {
  TinyTokenizer tiny;
  TokenBuffer ids;
  ASSERT_TRUE(tiny.Build().Encode("a", {}, &ids).ok());
  ASSERT_TRUE(tiny.Build().Encode("b", {}, &ids).ok());
  EXPECT_EQ(Ids(ids.ids().begin(), ids.ids().end()), (Ids{'a', 'b'}));
}

TEST(Tokenizer, SpecialTokensInTheTextCountOnlyWhenAsked) {
  TinyTokenizer tiny;
  format::AddedToken special;
  special.special = true;
  const int32_t end = tiny.AddToken("<|end|>", special);
  const int32_t tool = tiny.AddToken("<tool>", {});
  tiny.AddStep(Kind::kGpt2);
  EXPECT_EQ(tiny.Encode("a<|end|><tool>", kParse), (Ids{'a', end, tool}));
  Ids plain = BytesOf("a<|end|>");
  plain.push_back(tool);
  EXPECT_EQ(tiny.Encode("a<|end|><tool>", kPlain), plain);
}

TEST(Tokenizer, AWordThatLooksLikeASpecialTokenIsNotOne) {
  TinyTokenizer tiny;
  format::AddedToken special;
  special.special = true;
  const int32_t end = tiny.AddToken("END", special);
  tiny.AddStep(Kind::kLlama3);
  tiny.view().ignore_merges = true;
  EXPECT_EQ(tiny.Encode("END", kPlain), BytesOf("END"));
  EXPECT_EQ(tiny.Encode("END", kParse), Ids{end});
}

TEST(Tokenizer, IgnoreMergesTakesAWholeWordAsItIs) {
  TinyTokenizer tiny;
  const int32_t word = tiny.AddId("word", format::TokenType::kNormal);
  tiny.AddId("unused", format::TokenType::kUnused);
  tiny.AddStep(Kind::kLlama3);
  tiny.view().ignore_merges = true;
  EXPECT_EQ(tiny.Encode("word"), Ids{word});
  EXPECT_EQ(tiny.Encode("words"), BytesOf("words"));
  EXPECT_EQ(tiny.Encode("unused"), BytesOf("unused"));
}

TEST(Tokenizer, BytesWithoutATokenBecomeTheUnknownOneOrNothing) {
  std::vector<int32_t> byte_ids;
  for (int i = 0; i < 256; ++i) byte_ids.push_back(i == 'x' ? -1 : i);
  const auto encode = [&](int32_t unknown, bool fuse) {
    TinyTokenizer tiny;
    tiny.view().byte_ids = byte_ids;
    tiny.view().unknown_id = unknown;
    tiny.view().fuse_unknown = fuse;
    return tiny.Encode("axxb");
  };
  EXPECT_EQ(encode(-1, false), (Ids{'a', 'b'}));
  EXPECT_EQ(encode('?', false), (Ids{'a', '?', '?', 'b'}));
  EXPECT_EQ(encode('?', true), (Ids{'a', '?', 'b'}));
}

TEST(Tokenizer, InvalidUtf8BecomesReplacementCharacters) {
  TinyTokenizer tiny;
  tiny.AddStep(Kind::kGpt2);
  const std::string bad = "\xEF\xBF\xBD";
  EXPECT_EQ(tiny.Encode("a\xFF"
                        "b"),
            BytesOf("a" + bad + "b"));
  EXPECT_EQ(tiny.Encode("\xE2\x82"), BytesOf(bad));
  EXPECT_EQ(tiny.Encode("\xF0\x80\x80\xC3"), BytesOf(bad + bad + bad + bad));
  EXPECT_EQ(tiny.Encode(std::string_view("a\0b", 3)), BytesOf(std::string_view("a\0b", 3)));
}

TEST(Tokenizer, NormalizesBetweenTheRawAddedTokensOnly) {
  TinyTokenizer tiny;
  const int32_t raw = tiny.AddToken("ABC", {});
  format::AddedToken flags;
  flags.normalized = true;
  const int32_t normalized = tiny.AddToken("XYZ", flags);
  tiny.AddNormalizer(format::NormalizerKind::kLowercase);
  EXPECT_EQ(tiny.Encode("ABCxYzQ"), (Ids{raw, normalized, 'q'}));
}

// The cache must not change anything: many words, some alike at both ends.
TEST(Tokenizer, LongTextsEncodeAsTheirWords) {
  TinyTokenizer tiny;
  for (const char* pair : {"ab", "bc", "ca", " a", "bb"}) {
    tiny.AddMerge(std::string(1, pair[0]), std::string(1, pair[1]));
  }
  tiny.AddMerge(" a", "bc");
  tiny.AddStep(Kind::kGpt2);
  std::string text;
  Ids expected;
  uint32_t state = 1;
  for (int word = 0; word < 20000; ++word) {
    std::string piece = " ";
    state = state * 1664525 + 1013904223;
    const uint32_t length = 1 + (state >> 24) % 20;
    for (uint32_t i = 0; i < length; ++i) {
      state = state * 1664525 + 1013904223;
      piece += static_cast<char>('a' + (state >> 28) % 3);
    }
    const Ids ids = tiny.Encode(piece);
    expected.insert(expected.end(), ids.begin(), ids.end());
    text += piece;
  }
  EXPECT_EQ(tiny.Encode(text), expected);
}

// 300 kB without a cut, in a shape that needs many merges.
TEST(Tokenizer, OneHugeWordIsNoTrap) {
  TinyTokenizer tiny;
  tiny.AddMerge("a", "b");
  const int32_t abab = tiny.AddMerge("ab", "ab");
  std::string text;
  for (int i = 0; i < 75000; ++i) text += "abab";
  EXPECT_EQ(tiny.Encode(text), Ids(75000, abab));
}

TEST(Tokenizer, TellsAboutItsTokens) {
  TinyTokenizer tiny;
  format::AddedToken special;
  special.special = true;
  const int32_t end = tiny.AddToken("<|end|>", special);
  const Ids stops = {end};
  tiny.view().stop_ids = stops;
  const Tokenizer& tokenizer = tiny.Build();
  EXPECT_EQ(tokenizer.vocab(), 257u);
  EXPECT_EQ(tokenizer.longest_token(), 7u);
  EXPECT_EQ(tokenizer.TokenBytes('a'), "a");
  EXPECT_EQ(tokenizer.TokenBytes(end), "<|end|>");
  EXPECT_TRUE(tokenizer.IsSpecial(end));
  EXPECT_TRUE(tokenizer.IsStop(end));
  EXPECT_FALSE(tokenizer.IsSpecial('a'));
  EXPECT_FALSE(tokenizer.IsStop('a'));
  for (const int32_t id : {-1, 257, INT32_MAX, INT32_MIN}) {
    EXPECT_EQ(tokenizer.TokenBytes(id), "");
    EXPECT_FALSE(tokenizer.IsSpecial(id));
    EXPECT_FALSE(tokenizer.IsStop(id));
  }
}

TEST(Tokenizer, RefusesTextBeyondItsLimitWithoutTouchingIt) {
  TinyTokenizer tiny;
  TokenBuffer ids;
  ASSERT_TRUE(ids.Append(1).ok());
  const char byte = 'a';
  const std::string_view endless(&byte, Tokenizer::kMaxTextBytes + 1);
  EXPECT_EQ(tiny.Build().Encode(endless, {}, &ids).code(), Code::kLimit);
  EXPECT_EQ(ids.size(), 1u);
}

TEST(Tokenizer, IdsAppendedBeforeAnErrorAreTakenBack) {
  TinyTokenizer tiny;
  tiny.SurroundWith('<', '>');
  tiny.AddNormalizer(format::NormalizerKind::kReplace);
  format::Normalizer& replace = tiny.view().normalizers[0];
  const std::string longer(256, 'x');
  replace.a = "a";
  replace.b = longer;
  TokenBuffer ids;
  ASSERT_TRUE(ids.Append(1).ok());
  const std::string text(4096, 'a');  // would become a megabyte
  EXPECT_EQ(tiny.Build().Encode(text, {}, &ids).code(), Code::kLimit);
  EXPECT_EQ(ids.size(), 1u);
}

TEST(CreateTokenizer, RefusesAKindThatIsNone) {
  TinyTokenizer tiny;
  tiny.view().kind = static_cast<format::TokenizerKind>(9);
  ErrorDetail detail;
  EXPECT_EQ(tiny.TryBuild(&detail).status().code(), Code::kUnsupported);
  EXPECT_NE(std::string(detail.text()).find("number 9"), std::string::npos) << detail.text();
}

// Metaspace "first" looks at where a section lies in the whole text.
TEST(Tokenizer, OnlyTheStartOfTheWholeTextGetsTheFirstWordsMark) {
  TinyTokenizer tiny;
  const int32_t tag = tiny.AddToken("<t>", {});
  tiny.AddStep(Kind::kMetaspace);
  tiny.view().pre_tokenizers[0].a = "_";
  tiny.view().pre_tokenizers[0].prepend = 1;
  Ids expected = BytesOf("_a_b");
  expected.push_back(tag);
  expected.push_back('c');
  EXPECT_EQ(tiny.Encode("a b<t>c"), expected);
  EXPECT_EQ(tiny.Encode("<t>c"), (Ids{tag, 'c'}));
  EXPECT_EQ(tiny.Encode("c", {.text_start = false}), Ids{'c'});
  tiny.view().pre_tokenizers[0].prepend = 0;
  EXPECT_EQ(tiny.Encode("<t>c"), (Ids{tag, '_', 'c'}));
}

// The reference goes by offsets: text that a normalizer took away still lies before.
TEST(Tokenizer, ATextWhoseStartWasStrippedHasNoFirstWord) {
  TinyTokenizer tiny;
  tiny.AddNormalizer(format::NormalizerKind::kStrip);
  tiny.AddStep(Kind::kMetaspace);
  tiny.view().normalizers[0].left = true;
  tiny.view().pre_tokenizers[0].a = "_";
  tiny.view().pre_tokenizers[0].prepend = 1;
  EXPECT_EQ(tiny.Encode("a"), BytesOf("_a"));
  EXPECT_EQ(tiny.Encode("  a"), BytesOf("a"));
}

TEST(CreateTokenizer, RefusesWhatWouldNotDecodeAsItShould) {
  TinyTokenizer tiny;
  tiny.view().decoders[0].kind = format::DecoderKind::kFuse;
  ErrorDetail detail;
  EXPECT_EQ(tiny.TryBuild(&detail).status().code(), Code::kUnsupported);
}

TEST(CreateTokenizer, RefusesAddedTokensThatAreNoText) {
  for (const std::string& content : {std::string("\xC3"), std::string(2000, 'a')}) {
    TinyTokenizer tiny;
    tiny.AddToken(content, {});
    ErrorDetail detail;
    EXPECT_EQ(tiny.TryBuild(&detail).status().code(), Code::kCorrupt);
    EXPECT_NE(std::string(detail.text()).find("256"), std::string::npos) << detail.text();
  }
}

TEST(CreateTokenizer, RefusesATableOfBytesThatIsNone) {
  TinyTokenizer tiny;
  tiny.view().byte_ids = tiny.view().byte_ids.first(255);
  EXPECT_EQ(tiny.TryBuild(nullptr).status().code(), Code::kCorrupt);
}

}  // namespace
}  // namespace quanta
