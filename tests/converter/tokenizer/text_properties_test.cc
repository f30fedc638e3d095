// SPDX-License-Identifier: MIT
//
// What must hold for any text, with real vocabularies.
#include <gtest/gtest.h>

#include <random>

#include "runtime/text/utf8.h"
#include "tests/converter/tokenizer/loaded_tokenizer.h"

namespace quanta::testing {
namespace {

using Ids = std::vector<int32_t>;

class TextProperties : public ::testing::TestWithParam<const char*> {
 protected:
  void SetUp() override {
    loaded_ = LoadFixture(GetParam());
    ASSERT_NE(loaded_, nullptr);
  }

  uint32_t Below(uint32_t n) { return static_cast<uint32_t>(random_() % n); }

  // Words, white space and characters of every kind, not all of them assigned.
  std::string RandomText() {
    static const char* const kPieces[] = {" ",      "  ",    "\n",     "\r\n",        "\t",
                                          "'s",     "'LL",   "kable",  "42",          "...",
                                          "\u00A0", "bleel", "\u0301", "\u65E5\u672C"};
    std::string text;
    for (uint32_t n = Below(30); n > 0; --n) {
      if (Below(3) > 0) {
        text += kPieces[Below(std::size(kPieces))];
        continue;
      }
      uint32_t c = Below(Below(2) != 0 ? 0x3000 : 0x110000);
      if (c >= 0xD800 && c <= 0xDFFF) c = 0xFFFD;
      char bytes[4];
      text.append(bytes, text::EncodeUtf8(c, bytes));
    }
    return text;
  }

  std::unique_ptr<LoadedTokenizer> loaded_;
  std::mt19937 random_{1};
};

// The decoder of vocabularies that spell a space as U+2581.
std::string WithSpaces(std::string text) {
  const std::string mark = "\u2581";
  for (size_t at; (at = text.find(mark)) != text.npos;) text.replace(at, mark.size(), " ");
  return text;
}

TEST_P(TextProperties, DecodingGivesTheNormalizedTextBack) {
  const auto chain = text::NormalizerChain::Create(loaded_->view.normalizers.span(), nullptr);
  text::NormalizerChain::Scratch scratch;
  for (int round = 0; round < 3000; ++round) {
    const std::string text = RandomText();
    std::string expected(chain.value().Apply(text, &scratch).value());
    if (loaded_->view.kind == format::TokenizerKind::kSpmBpe) expected = WithSpaces(expected);
    ASSERT_EQ(loaded_->Decode(loaded_->Encode(text)), expected);
  }
}

TEST_P(TextProperties, AnyBytesEncodeAsTheirRepairedText) {
  for (int round = 0; round < 2000; ++round) {
    std::string bytes = RandomText(), repaired;
    for (uint32_t n = Below(4); n > 0 && !bytes.empty(); --n) {
      bytes[Below(static_cast<uint32_t>(bytes.size()))] = static_cast<char>(Below(256));
    }
    for (size_t i = 0; i < bytes.size();) {
      const text::Utf8Step step = text::StepUtf8(bytes.data() + i, bytes.size() - i);
      const bool whole = step.kind == text::Utf8Kind::kCharacter;
      repaired += whole ? bytes.substr(i, step.bytes) : std::string(text::kReplacement);
      i += step.bytes;
    }
    ASSERT_EQ(loaded_->Encode(bytes), loaded_->Encode(repaired));
  }
}

// Special tokens cut a text: both sides encode as if alone.
TEST_P(TextProperties, TextsAroundASpecialTokenDoNotTouch) {
  const auto& token = loaded_->tables.added.front();
  ASSERT_TRUE(token.special);
  for (int round = 0; round < 500; ++round) {
    const std::string left = RandomText(), right = RandomText();
    Ids expected = loaded_->Encode(left);
    expected.push_back(static_cast<int32_t>(token.id));
    const Ids after = loaded_->Encode(right);
    expected.insert(expected.end(), after.begin(), after.end());
    ASSERT_EQ(loaded_->Encode(left + token.content + right), expected);
  }
}

TEST_P(TextProperties, NoTextForgesASpecialTokenUnasked) {
  for (const auto& token : loaded_->tables.added) {
    if (!token.special) continue;
    for (const int32_t id : loaded_->Encode("x " + token.content + token.content, false, false)) {
      EXPECT_FALSE(loaded_->tokenizer->IsSpecial(id)) << token.content;
    }
  }
}

// A megabyte without a place to cut. The quadratic way would take hours.
TEST_P(TextProperties, AMegabyteInOneWordIsNoTrap) {
  std::string word;
  while (word.size() < (1 << 20)) word += static_cast<char>('a' + Below(26));
  const Ids ids = loaded_->Encode(word);
  EXPECT_LT(ids.size(), word.size());
  EXPECT_EQ(loaded_->Decode(ids), word);
}

INSTANTIATE_TEST_SUITE_P(Fixtures, TextProperties,
                         ::testing::Values("gpt2", "llama3", "qwen2", "smollm", "spm_noprefix"),
                         [](const auto& test) { return std::string(test.param); });

}  // namespace
}  // namespace quanta::testing
