// SPDX-License-Identifier: MIT
//
// Every text that Hugging Face's library has encoded for us, both ways.
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "tests/converter/tokenizer/loaded_tokenizer.h"

namespace quanta::testing {
namespace {

using Ids = std::vector<int32_t>;

class GoldenCases : public ::testing::TestWithParam<const char*> {
 protected:
  void SetUp() override {
    loaded_ = LoadFixture(GetParam());
    ASSERT_NE(loaded_, nullptr);
    cases_ = nlohmann::json::parse(ReadText(FixturePath(GetParam(), "cases.json")));
    ASSERT_GT(cases_.size(), 100u);
  }
  std::unique_ptr<LoadedTokenizer> loaded_;
  nlohmann::json cases_;
};

TEST_P(GoldenCases, IdsAreTheReferences) {
  for (const auto& one : cases_) {
    EXPECT_EQ(loaded_->Encode(one["text"].get<std::string>()), one["ids"].get<Ids>())
        << one["text"];
  }
}

TEST_P(GoldenCases, IdsWithSpecialTokensAreTheReferences) {
  for (const auto& one : cases_) {
    EXPECT_EQ(loaded_->Encode(one["text"].get<std::string>(), true), one["ids_special"].get<Ids>())
        << one["text"];
  }
}

TEST_P(GoldenCases, StreamedDecodingIsTheReferences) {
  for (const auto& one : cases_) {
    const auto ids = one["ids"].get<Ids>();
    EXPECT_EQ(loaded_->Decode(ids), one["decoded"].get<std::string>());
    EXPECT_EQ(loaded_->Decode(ids, true), one["decoded_skip"].get<std::string>());
    // What the post-processor adds is special, too.
    EXPECT_EQ(loaded_->Decode(one["ids_special"].get<Ids>(), true),
              one["decoded_skip"].get<std::string>());
  }
}

class GoldenLines : public GoldenCases {};

// One long text uses what a short one does not: the word cache. "@\n@" keeps the
// lines apart in every pattern. (For tokenizers that put nothing before a text.)
TEST_P(GoldenLines, LinesOfOneTextEncodeAsByThemselves) {
  const auto newline = loaded_->Encode("@\n@");
  std::string text;
  Ids expected;
  for (int round = 0; round < 2; ++round) {
    for (const auto& one : cases_) {
      const auto line = one["text"].get<std::string>();
      if (line.find('@') != line.npos) continue;
      text += "@" + line + "@\n";
      const auto ids = loaded_->Encode("@" + line + "@");
      expected.insert(expected.end(), ids.begin(), ids.end());
      expected.insert(expected.end(), newline.begin() + 1, newline.end() - 1);
    }
  }
  ASSERT_GT(text.size(), 20000u);
  EXPECT_EQ(loaded_->Encode(text), expected);
}

std::string Name(const ::testing::TestParamInfo<const char*>& test) { return test.param; }

INSTANTIATE_TEST_SUITE_P(Fixtures, GoldenCases,
                         ::testing::Values("gpt2", "llama3", "qwen2", "smollm", "spm_prefix",
                                           "spm_noprefix", "unigram"),
                         Name);
INSTANTIATE_TEST_SUITE_P(Fixtures, GoldenLines,
                         ::testing::Values("gpt2", "llama3", "qwen2", "smollm", "spm_noprefix"),
                         Name);

}  // namespace
}  // namespace quanta::testing
