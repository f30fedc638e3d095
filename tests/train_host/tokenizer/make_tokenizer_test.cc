// SPDX-License-Identifier: MIT
#include "train_host/tokenizer/make_tokenizer.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <string>

#include "tests/converter/error_matchers.h"
#include "tests/converter/tokenizer/loaded_tokenizer.h"
#include "tests/train_host/temp_folder.h"

namespace quanta::train {
namespace {

using converter::Progress;
using Json = nlohmann::json;
using testing::TempFolder;

const std::string kCorpus = QUANTA_TEST_DATA "/bpe/corpus.txt";

converter::TokenizerFiles Make(const TokenizerOptions& options, TokenizerReport* report = nullptr) {
  Progress silent(Progress::Style::kNone, nullptr, nullptr);
  TokenizerReport unused;
  return WriteFiles(MakeTokenizer(options, report != nullptr ? report : &unused, &silent));
}

// --- Against Hugging Face's trainer (tests/peers/record_bpe.py) -----------------------

Json Cases() { return Json::parse(quanta::testing::ReadText(QUANTA_TEST_DATA "/bpe/cases.json")); }

TokenizerOptions OptionsOf(const Json& one) {
  TokenizerOptions options;
  options.files = {kCorpus};
  options.corpus.lines = one["lines"];
  options.bpe.vocabulary = one["vocabulary"];
  options.bpe.min_frequency = one["min_frequency"];
  options.bpe.special_tokens = one["special_tokens"];
  options.split_digits = one["name"] == "digits";
  options.split_spaces = one["name"] == "spaces";
  return options;
}

TEST(MakeTokenizer, LearnsTheWordsAndMergesThatHuggingFacesTrainerDoes) {
  for (const Json& one : Cases()) {
    SCOPED_TRACE(one["name"].get<std::string>());
    const Json made = Json::parse(Make(OptionsOf(one)).tokenizer_json);
    const Json& model = made["model"];
    ASSERT_EQ(model["vocab"].size(), one["words"].size());
    for (size_t id = 0; id < one["words"].size(); ++id) {
      EXPECT_EQ(model["vocab"][one["words"][id].get<std::string>()], id);
    }
    ASSERT_EQ(model["merges"].size(), one["merges"].size());
    for (size_t i = 0; i < one["merges"].size(); ++i) {
      const auto pair = model["merges"][i].get<std::vector<std::string>>();
      EXPECT_EQ(pair[0] + " " + pair[1], one["merges"][i]) << i;
    }
  }
}

TEST(MakeTokenizer, AnyNumberOfThreadsMakesTheSameFiles) {
  // More than one thread has to do.
  const TempFolder folder;
  std::string text;
  for (uint64_t i = 0; text.size() < (5u << 20); ++i) {
    text += "word" + std::to_string(i * 7919 % 5003) + " and\n";
  }
  TokenizerOptions options;
  options.files = {folder.Write("large.txt", text), kCorpus};
  options.bpe.vocabulary = 700;
  const std::string expected = Make(options).tokenizer_json;
  for (const int threads : {2, 3, 8}) {
    options.threads = threads;
    EXPECT_EQ(Make(options).tokenizer_json, expected) << threads;
  }
}

TEST(MakeTokenizer, TheResultGivesEveryTextBack) {
  TokenizerOptions options;
  options.files = {kCorpus};
  options.bpe.vocabulary = 600;
  options.bpe.special_tokens = {"<|endoftext|>"};
  options.eos = "<|endoftext|>";
  for (const char* pattern : {"gpt2", "llama3", "qwen2"}) {
    options.pre_tokenizer = pattern;
    TokenizerReport report;
    const auto loaded = quanta::testing::LoadTokenizer(Make(options, &report).tokenizer_json);
    const std::string text = quanta::testing::ReadText(kCorpus);
    const std::vector<int32_t> ids = loaded->Encode(text);
    EXPECT_EQ(loaded->Decode(ids), text) << pattern;
    // The report counts what the runtime makes of the corpus.
    EXPECT_EQ(report.tokens, ids.size()) << pattern;
    EXPECT_EQ(report.bytes, text.size());
    EXPECT_EQ(report.texts, 1u);
    EXPECT_EQ(report.vocabulary, 600u);
    EXPECT_EQ(report.merges, 600u - 257u);
    EXPECT_EQ(loaded->Encode("a<|endoftext|>").back(), 0);
  }
}

TEST(MakeTokenizer, ApartSpacesGiveAWordTheSameTokensEverywhere) {
  const TempFolder folder;
  std::string text;
  for (int i = 0; i < 20; ++i) text += "copy notes.txt \"notes.txt\"    notes.txt\n";
  TokenizerOptions options;
  options.files = {folder.Write("a.txt", text)};
  options.bpe.vocabulary = 300;
  options.split_spaces = true;
  const auto loaded = quanta::testing::LoadTokenizer(Make(options).tokenizer_json);
  const auto word = loaded->Encode("notes");
  ASSERT_EQ(word.size(), 1u);
  for (const char* with : {"a notes", "\"notes", "  notes", "notes"}) {
    EXPECT_EQ(loaded->Encode(with).back(), word[0]) << with;
  }
  EXPECT_EQ(loaded->Encode("    ").size(), 1u);  // a run is one word
}

TEST(MakeTokenizer, SaysWhichTokensBeginAndEndATextInTheFileBesideIt) {
  TokenizerOptions options;
  options.files = {kCorpus};
  options.bpe.vocabulary = 300;
  options.bpe.special_tokens = {"<end>", "<begin>"};
  options.eos = "<end>";
  options.bos = "<begin>";
  const Json config = Json::parse(Make(options).tokenizer_config_json);
  EXPECT_EQ(config["eos_token"], "<end>");
  EXPECT_EQ(config["bos_token"], "<begin>");
  options.bpe.special_tokens = {"<begin>"};
  EXPECT_ERROR(Make(options), "'<end>' is none of the special tokens");
}

TEST(MakeTokenizer, RefusesWhatItDoesNotKnow) {
  TokenizerOptions options;
  options.files = {kCorpus};
  options.bpe.vocabulary = 300;
  options.pre_tokenizer = "bert";
  EXPECT_ERROR(Make(options), "unknown pre-tokenizer 'bert'; use gpt2, llama3 or qwen2");
  options.pre_tokenizer = "gpt2";
  options.bpe.special_tokens = {"<\xFF>"};
  EXPECT_ERROR(Make(options), "not UTF-8");
  options.bpe.special_tokens = {};
  options.bpe.vocabulary = 2'000'000;
  EXPECT_ERROR(Make(options), "beyond the limit");
}

}  // namespace
}  // namespace quanta::train
