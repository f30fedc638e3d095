// SPDX-License-Identifier: MIT
#include <gtest/gtest.h>

#include "tests/runtime/text/tiny_tokenizer.h"

namespace quanta {
namespace {

using testing::TinyTokenizer;
using Ids = std::vector<int32_t>;

constexpr EncodeOptions kPlain{.add_special = false, .parse_special = false};

TEST(WordLevel, EveryPieceIsOneTokenOrTheUnknownOne) {
  TinyTokenizer tiny(format::TokenizerKind::kWhitespace);
  const int32_t unknown = tiny.AddId("?", format::TokenType::kUnknown);
  const int32_t hello = tiny.AddId("hello", format::TokenType::kNormal);
  const int32_t comma = tiny.AddId(",", format::TokenType::kNormal);
  tiny.AddStep(format::PreTokenizerKind::kWhitespace);
  tiny.view().pre_tokenizers[0].behavior = format::SplitBehavior::kIsolated;
  tiny.view().unknown_id = unknown;
  EXPECT_EQ(tiny.Encode("hello,  hell\nhello", kPlain), (Ids{hello, comma, unknown, hello}));
}

TEST(WordLevel, WithoutAnUnknownTokenAWordVanishes) {
  TinyTokenizer tiny(format::TokenizerKind::kWhitespace);
  const int32_t hello = tiny.AddId("hello", format::TokenType::kNormal);
  tiny.AddStep(format::PreTokenizerKind::kWhitespace);
  EXPECT_EQ(tiny.Encode("hell hello", kPlain), Ids{hello});
}

TEST(WordLevel, WithoutADecoderASpaceStandsBetweenTokens) {
  TinyTokenizer tiny(format::TokenizerKind::kWhitespace);
  const int32_t hello = tiny.AddId("hello", format::TokenType::kNormal);
  std::vector<char> storage(TextDecoder::StorageBytes(tiny.Build()));
  TextDecoder decoder(tiny.Build(), storage, false);
  EXPECT_EQ(decoder.Push(hello), "hello");
  EXPECT_EQ(decoder.Push(hello), " hello");
  EXPECT_EQ(decoder.Finish(), "");
  EXPECT_EQ(decoder.Push(hello), "hello");
}

}  // namespace
}  // namespace quanta
