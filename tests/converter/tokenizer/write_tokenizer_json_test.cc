// SPDX-License-Identifier: MIT
#include "converter/tokenizer/write_tokenizer_json.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "converter/tokenizer/score.h"
#include "tests/converter/tokenizer/loaded_tokenizer.h"

namespace quanta::converter {
namespace {

using Json = nlohmann::json;
using Ids = std::vector<int32_t>;
using testing::LoadTokenizer;

// The same tokenizer after a way through owned tables and the written file.
std::unique_ptr<testing::LoadedTokenizer> Rewritten(const format::Tokenizer& view,
                                                    TokenizerFiles* files) {
  const TokenizerTables owned = OwnTables(view);
  const format::Tokenizer again = owned.View().value();
  ErrorDetail detail;
  auto written = WriteTokenizer(again, &detail);
  EXPECT_TRUE(written.ok()) << detail.text();
  *files = std::move(written).value();
  return LoadTokenizer(files->tokenizer_json);
}

class WriteFixture : public ::testing::TestWithParam<const char*> {};

TEST_P(WriteFixture, EveryCaseEncodesAndDecodesAsBefore) {
  const auto loaded = testing::LoadFixture(GetParam());
  TokenizerFiles files;
  const auto rewritten = Rewritten(loaded->view, &files);
  const Json cases = Json::parse(testing::ReadText(testing::FixturePath(GetParam(), "cases.json")));
  for (const auto& one : cases) {
    const auto text = one["text"].get<std::string>();
    const auto ids = one["ids"].get<Ids>();
    ASSERT_EQ(rewritten->Encode(text), ids) << text;
    ASSERT_EQ(rewritten->Encode(text, true), one["ids_special"].get<Ids>()) << text;
    ASSERT_EQ(rewritten->Decode(ids), one["decoded"].get<std::string>());
    ASSERT_EQ(rewritten->Decode(ids, true), one["decoded_skip"].get<std::string>());
  }
}

TEST_P(WriteFixture, ASecondWritingChangesNothing) {
  const auto loaded = testing::LoadFixture(GetParam());
  TokenizerFiles first, second;
  const auto rewritten = Rewritten(loaded->view, &first);
  Rewritten(rewritten->view, &second);
  EXPECT_EQ(first.tokenizer_json, second.tokenizer_json);
}

TEST_P(WriteFixture, TheModelIsTheOriginals) {
  const auto loaded = testing::LoadFixture(GetParam());
  TokenizerFiles files;
  Rewritten(loaded->view, &files);
  const Json before =
      Json::parse(testing::ReadText(testing::FixturePath(GetParam(), "tokenizer.json")));
  const Json after = Json::parse(files.tokenizer_json);
  const Json &words = after["model"]["vocab"], &original = before["model"]["vocab"];
  ASSERT_EQ(words.size(), original.size());
  if (words.is_object()) {
    EXPECT_EQ(words, original);
  }
  for (size_t i = 0; words.is_array() && i < words.size(); ++i) {
    EXPECT_EQ(words[i][0], original[i][0]);
    // The next double may be read as the same score.
    EXPECT_NEAR(words[i][1].get<double>(), original[i][1].get<double>(), 1e-14);
  }
  EXPECT_EQ(after["added_tokens"], before["added_tokens"]);
  if (before["model"].contains("merges") && before["model"]["merges"][0].is_array()) {
    EXPECT_EQ(after["model"]["merges"], before["model"]["merges"]);
  }
}

INSTANTIATE_TEST_SUITE_P(Fixtures, WriteFixture,
                         ::testing::Values("gpt2", "llama3", "qwen2", "smollm", "spm_prefix",
                                           "spm_noprefix", "unigram"),
                         [](const auto& test) { return std::string(test.param); });

TEST(WriteTokenizer, TheFilesBesideItNameBosAndEveryStopId) {
  const auto loaded = testing::LoadFixture("spm_prefix");
  loaded->view.bos_id = 1;
  const Ids stops = {2, 1501};
  loaded->view.stop_ids = stops;
  const auto files = WriteTokenizer(loaded->view, nullptr).value();
  const Json config = Json::parse(files.tokenizer_config_json);
  EXPECT_EQ(config["bos_token"], "<s>");
  EXPECT_EQ(config["eos_token"], "</s>");
  EXPECT_EQ(config["unk_token"], "<unk>");
  const auto tables = ReadTokenizer({.tokenizer_json = files.tokenizer_json,
                                     .tokenizer_config_json = files.tokenizer_config_json,
                                     .generation_config_json = files.generation_config_json},
                                    0, nullptr)
                          .value();
  EXPECT_EQ(tables.bos_id, 1);
  EXPECT_EQ(tables.stop_ids, stops);
}

TEST(WriteTokenizer, RefusesTwoTokensThatWouldBeSpelledAlike) {
  const auto loaded = testing::LoadFixture("spm_prefix");
  auto tables = OwnTables(loaded->view);
  // Token 1499 gets the text of another of its length.
  const auto text = [&](uint32_t id) {
    return tables.token_bytes.begin() + tables.token_offsets[id];
  };
  const auto size = [&](uint32_t id) {
    return tables.token_offsets[id + 1] - tables.token_offsets[id];
  };
  uint32_t twin = 300;
  while (size(twin) != size(1499)) ++twin;
  ASSERT_LT(twin, 1499u);
  std::copy_n(text(twin), size(twin), text(1499));
  ErrorDetail detail;
  EXPECT_EQ(WriteTokenizer(tables.View().value(), &detail).status().code(), Code::kUnsupported);
  EXPECT_NE(std::string(detail.text()).find("spelled"), std::string::npos) << detail.text();
}

TEST(WriteTokenizer, RefusesWhatTheFileCannotSay) {
  const auto loaded = testing::LoadFixture("unigram");
  loaded->view.fuse_unknown = false;
  ErrorDetail detail;
  EXPECT_EQ(WriteTokenizer(loaded->view, &detail).status().code(), Code::kUnsupported);
  EXPECT_NE(std::string(detail.text()).find("unknown characters"), std::string::npos);
}

// Digits as a whole number, rounded, divided by a power of ten.
TEST(Score, IsWhatTheReferencesParserMakesOfTheDigits) {
  EXPECT_EQ(AsReferenceReads(0), 0);
  EXPECT_EQ(AsReferenceReads(-1.5), -1.5);
  EXPECT_EQ(AsReferenceReads(1e300), 1e300);
  EXPECT_EQ(AsReferenceReads(-12.5e-7), -125 / 1e8);
  // 17 digits do not fit a double.
  EXPECT_EQ(AsReferenceReads(-1.2827966792133694), -(12827966792133694.0 / 1e16));
  int off = 0;
  for (int i = 1; i < 1000; ++i) {
    const double nearest = -10.0 / i;
    const double read = AsReferenceReads(nearest);
    EXPECT_NEAR(read, nearest, 1e-14);
    off += read != nearest ? 1 : 0;
    EXPECT_EQ(AsReferenceReads(ToBeReadAs(read)), read) << i;
  }
  EXPECT_GT(off, 50);  // or this file would be about nothing
}

}  // namespace
}  // namespace quanta::converter
