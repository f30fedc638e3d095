// SPDX-License-Identifier: MIT
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "runtime/text/utf8.h"
#include "tests/runtime/text/tiny_tokenizer.h"

namespace quanta {
namespace {

using testing::TinyTokenizer;

// All at once, by the definition: every maximal subpart becomes U+FFFD.
std::string DecodeWhole(std::string_view bytes) {
  std::string text;
  while (!bytes.empty()) {
    const text::Utf8Step step = text::StepUtf8(bytes.data(), bytes.size());
    text +=
        step.kind == text::Utf8Kind::kCharacter ? bytes.substr(0, step.bytes) : text::kReplacement;
    bytes.remove_prefix(step.bytes);
  }
  return text;
}

class Decoding {
 public:
  explicit Decoding(const Tokenizer& tokenizer, bool skip_special = false)
      : storage_(TextDecoder::StorageBytes(tokenizer)),
        decoder_(tokenizer, storage_, skip_special) {}
  TextDecoder& operator*() { return decoder_; }
  TextDecoder* operator->() { return &decoder_; }

  std::string All(const std::vector<int32_t>& ids) {
    std::string text;
    for (const int32_t id : ids) text += decoder_.Push(id);
    return text += decoder_.Finish();
  }

 private:
  std::vector<char> storage_;
  TextDecoder decoder_;
};

// Every string of five of the bytes that make a difference.
TEST(TextDecoder, PiecesAddUpToTheWholeForEveryStringOfTellingBytes) {
  TinyTokenizer tiny;
  Decoding decoding(tiny.Build());
  const uint8_t bytes[] = {'a', 0x80, 0x9F, 0xA0, 0xBF, 0xC3, 0xE0, 0xE2, 0xED, 0xF0, 0xF4};
  const int count = std::size(bytes);
  for (int code = 0; code < count * count * count * count * count; ++code) {
    std::string joined;
    std::vector<int32_t> ids;
    for (int i = 0, rest = code; i < 5; ++i, rest /= count) {
      ids.push_back(bytes[rest % count]);
      joined += static_cast<char>(ids.back());
    }
    ASSERT_EQ(decoding.All(ids), DecodeWhole(joined)) << ::testing::PrintToString(joined);
  }
}

TEST(TextDecoder, TokensOfSeveralBytesMayCutCharactersAnywhere) {
  TinyTokenizer tiny;
  const std::string text = "x\u00E9\u20AC\U0001F642y\xF0\x9F\xFF\xE2\x82";
  std::vector<std::vector<int32_t>> cuts;  // into two and three tokens
  for (size_t i = 0; i <= text.size(); ++i) {
    for (size_t j = i; j <= text.size(); ++j) {
      std::vector<int32_t> ids;
      for (const auto& part : {text.substr(0, i), text.substr(i, j - i), text.substr(j)}) {
        ids.push_back(tiny.AddId(part, format::TokenType::kNormal));
      }
      cuts.push_back(ids);
    }
  }
  Decoding decoding(tiny.Build());
  for (const auto& ids : cuts) EXPECT_EQ(decoding.All(ids), DecodeWhole(text));
}

TEST(TextDecoder, HandsOutACharacterWithItsLastByteAndNotBefore) {
  TinyTokenizer tiny;
  Decoding decoding(tiny.Build());
  EXPECT_EQ(decoding->Push(0xF0), "");
  EXPECT_EQ(decoding->Push(0x9F), "");
  EXPECT_EQ(decoding->Push(0x99), "");
  EXPECT_EQ(decoding->Push(0x82), "\U0001F642");
  EXPECT_EQ(decoding->Push('a'), "a");
  EXPECT_EQ(decoding->Finish(), "");
}

TEST(TextDecoder, SkippedTokensDoNotBreakTheCharacterAroundThem) {
  TinyTokenizer tiny;
  format::AddedToken special;
  special.special = true;
  const int32_t end = tiny.AddToken("<|end|>", special);
  const std::vector<int32_t> ids = {0xC3, end, 0xA9, 'a', end, -1, 100000};
  EXPECT_EQ(Decoding(tiny.Build(), true).All(ids), "\u00E9a");
  EXPECT_EQ(Decoding(tiny.Build(), false).All(ids), "\uFFFD<|end|>\uFFFDa<|end|>");
}

TEST(TextDecoder, FinishLeavesItAsNewAndResetForgets) {
  TinyTokenizer tiny;
  Decoding decoding(tiny.Build());
  decoding->Push(0xE2);
  EXPECT_EQ(decoding->Finish(), "\uFFFD");
  EXPECT_EQ(decoding->Finish(), "");
  decoding->Push(0xE2);
  decoding->Reset();
  EXPECT_EQ(decoding.All({0x82, 'a'}), "\uFFFDa");
}

TEST(TextDecoder, StorageSufficesForTheWorstToken) {
  TinyTokenizer tiny;
  const std::string worst(50, '\x80');
  const int32_t id = tiny.AddId(worst, format::TokenType::kNormal);
  Decoding decoding(tiny.Build());
  decoding->Push(0xF0);
  EXPECT_EQ(decoding->Push(id).size(), 3u * 51);
}

}  // namespace
}  // namespace quanta
