// SPDX-License-Identifier: MIT
//
// tokenizer.json files whose model sees text, not bytes.
#include <gtest/gtest.h>

#include <functional>
#include <nlohmann/json.hpp>

#include "tests/converter/tokenizer/loaded_tokenizer.h"

namespace quanta::converter {
namespace {

using Json = nlohmann::json;
using Ids = std::vector<int32_t>;
using format::TokenType;
using testing::LoadTokenizer;

Json File(const Json& model) {
  return {{"version", "1.0"},
          {"added_tokens", Json::array()},
          {"normalizer", nullptr},
          {"pre_tokenizer", nullptr},
          {"post_processor", nullptr},
          {"decoder", nullptr},
          {"model", model}};
}

Json Bpe() {
  return File({{"type", "BPE"},
               {"unk_token", "<unk>"},
               {"fuse_unk", true},
               {"byte_fallback", true},
               {"vocab", {{"<unk>", 0}, {"<0x0A>", 1}, {"a", 2}, {"b", 3}, {"ab", 4}}},
               {"merges", Json::array({"a b"})}});
}

Json Unigram() {
  return File({{"type", "Unigram"},
               {"unk_id", 0},
               {"byte_fallback", false},
               {"vocab", Json::array({Json::array({"<unk>", 0.0}), Json::array({"a", -1.0}),
                                      Json::array({"ab", -1.5})})}});
}

Json WordLevel() {
  Json json = File({{"type", "WordLevel"}, {"unk_token", "?"}, {"vocab", {{"?", 0}, {"a", 1}}}});
  json["pre_tokenizer"] = {{"type", "Whitespace"}};
  return json;
}

Json Added(uint32_t id, const std::string& content, bool special, bool normalized) {
  return {{"id", id},        {"content", content},       {"single_word", false}, {"lstrip", false},
          {"rstrip", false}, {"normalized", normalized}, {"special", special}};
}

Result<TokenizerTables> Read(const Json& json, ErrorDetail* detail = nullptr) {
  const std::string text = json.dump();
  return ReadTokenizer({.tokenizer_json = text}, 0, detail);
}

// --- What is refused ----------------------------------------------------------------

struct BadCase {
  const char* name;
  std::function<Json()> file;
  Code code;
  const char* says;
};

void PrintTo(const BadCase& one, std::ostream* out) { *out << one.name; }

Json With(Json json, const char* pointer, const Json& value) {
  json[Json::json_pointer(pointer)] = value;
  return json;
}

const Json kByteLevel = {{"type", "ByteLevel"}, {"add_prefix_space", false}, {"use_regex", true}};
const Json kFallback = {{"type", "ByteFallback"}};

const BadCase kBadCases[] = {
    {"bpe_unknown_missing", [] { return With(Bpe(), "/model/unk_token", "?"); }, Code::kCorrupt,
     "model.unk_token: '?' is not in the vocabulary"},
    {"bpe_suffix", [] { return With(Bpe(), "/model/end_of_word_suffix", "</w>"); },
     Code::kUnsupported, "end_of_word_suffix: '</w>'"},
    {"unigram_bytes", [] { return With(Unigram(), "/pre_tokenizer", kByteLevel); },
     Code::kUnsupported, "a ByteLevel pre-tokenizer is not supported with 'Unigram'"},
    {"unigram_no_unknown", [] { return With(Unigram(), "/model/unk_id", nullptr); },
     Code::kUnsupported, "model.unk_id: a unigram model without an unknown token"},
    {"unigram_unknown_beyond", [] { return With(Unigram(), "/model/unk_id", 3); }, Code::kCorrupt,
     "model.unk_id: is not in the vocabulary"},
    {"unigram_words", [] { return With(Unigram(), "/model/vocab", Json::object()); },
     Code::kCorrupt, "model.vocab: must be an array"},
    {"unigram_empty", [] { return With(Unigram(), "/model/vocab", Json::array()); }, Code::kCorrupt,
     "model.vocab: has no words"},
    {"unigram_entry", [] { return With(Unigram(), "/model/vocab/1", Json::array({"a"})); },
     Code::kCorrupt, "model.vocab[1]: must be a word and its score"},
    {"unigram_score", [] { return With(Unigram(), "/model/vocab/1/1", "x"); }, Code::kCorrupt,
     "model.vocab[1][1]: must be a number"},
    {"unigram_setting", [] { return With(Unigram(), "/model/alpha", 0.1); }, Code::kUnsupported,
     "the setting 'alpha' is not known"},
    {"words_unknown_missing", [] { return With(WordLevel(), "/model/unk_token", "!"); },
     Code::kCorrupt, "model.unk_token: '!' is not in the vocabulary"},
    {"precompiled",
     [] {
       return With(Unigram(), "/normalizer",
                   {{"type", "Precompiled"}, {"precompiled_charsmap", "AAAA"}});
     },
     Code::kUnsupported, "normalizer not supported: 'Precompiled'"},
    {"decoder_bytes", [] { return With(Bpe(), "/decoder", kByteLevel); }, Code::kUnsupported,
     "decoder not supported: 'ByteLevel'; ByteLevel belongs to byte-level BPE"},
    {"decoder_twice",
     [] {
       return With(Bpe(), "/decoder",
                   {{"type", "Sequence"}, {"decoders", Json::array({kFallback, kFallback})}});
     },
     Code::kUnsupported, "decoder.decoders[1]: decoder not supported: a second 'ByteFallback'"},
    {"decoder_regex",
     [] {
       return With(Bpe(), "/decoder",
                   {{"type", "Replace"}, {"pattern", {{"Regex", "a+"}}}, {"content", ""}});
     },
     Code::kUnsupported, "decoder.pattern: regular expression not supported: a+"},
    {"decoder_strip",
     [] {
       return With(Bpe(), "/decoder",
                   {{"type", "Strip"}, {"content", "ab"}, {"start", 1}, {"stop", 0}});
     },
     Code::kCorrupt, "decoder.content: must be one character"},
    {"decoder_strip_much",
     [] {
       return With(Bpe(), "/decoder",
                   {{"type", "Strip"}, {"content", "a"}, {"start", 1000}, {"stop", 0}});
     },
     Code::kUnsupported, "decoder.start: is more than 256"},
    {"decoder_kind",
     [] {
       return With(Bpe(), "/decoder", {{"type", "CTC"}});
     },
     Code::kUnsupported, "decoder not supported: 'CTC'"},
    {"word_that_decodes_to_another",
     [] {
       Json json = With(Bpe(), "/normalizer", {{"type", "Prepend"}, {"prepend", "_"}});
       json["added_tokens"] = Json::array({Added(4, "ab", false, true)});
       return json;
     },
     Code::kUnsupported, "the word 'ab' is also added as a token that the normalizer changes"},
};

class BadTextTokenizer : public ::testing::TestWithParam<BadCase> {};

TEST_P(BadTextTokenizer, IsRefusedWithOneLineThatNamesThePlace) {
  ErrorDetail detail;
  EXPECT_EQ(Read(GetParam().file(), &detail).status().code(), GetParam().code);
  EXPECT_NE(std::string(detail.text()).find(GetParam().says), std::string::npos) << detail.text();
}

INSTANTIATE_TEST_SUITE_P(All, BadTextTokenizer, ::testing::ValuesIn(kBadCases),
                         [](const auto& test) { return std::string(test.param.name); });

// --- What is read -------------------------------------------------------------------

TEST(ReadTextTokenizer, ByteTokensAreThoseOfTheFallback) {
  const auto tables = Read(Bpe()).value();
  EXPECT_EQ(tables.kind, format::TokenizerKind::kSpmBpe);
  EXPECT_EQ(tables.token_types[0], TokenType::kUnknown);
  EXPECT_EQ(tables.token_types[1], TokenType::kByte);
  EXPECT_EQ(tables.byte_ids[0x0A], 1);
  ASSERT_EQ(tables.notes.size(), 1u);
  EXPECT_EQ(tables.notes[0], "255 byte values have no token");
  const auto without = Read(With(Bpe(), "/model/byte_fallback", false)).value();
  EXPECT_EQ(without.token_types[1], TokenType::kNormal);
  EXPECT_TRUE(without.byte_ids.empty());
}

TEST(ReadTextTokenizer, EachKindEncodes) {
  EXPECT_EQ(LoadTokenizer(Bpe().dump())->Encode("ab\nxyb"), (Ids{4, 1, 0, 3}));
  EXPECT_EQ(LoadTokenizer(Unigram().dump())->Encode("aabxy"), (Ids{1, 2, 0}));
  EXPECT_EQ(LoadTokenizer(WordLevel().dump())->Encode("a ab a"), (Ids{1, 0, 1}));
}

TEST(ReadTextTokenizer, ScoresAreFloatsWhereThoseAreExact) {
  const auto floats = Read(Unigram()).value();
  EXPECT_EQ(floats.scores, (std::vector<float>{0, -1, -1.5}));
  EXPECT_TRUE(floats.scores64.empty());
  const auto doubles = Read(With(Unigram(), "/model/vocab/1/1", -0.1)).value();
  EXPECT_TRUE(doubles.scores.empty());
  EXPECT_EQ(doubles.scores64, (std::vector<double>{0, -0.1, -1.5}));
}

TEST(ReadTextTokenizer, AWordThatComesTwiceHasItsLastIdAndScore) {
  Json json = Unigram();
  json["model"]["vocab"].push_back(Json::array({"a", -9.0}));
  json["added_tokens"] = Json::array({Added(4, "<s>", true, false)});
  const auto loaded = LoadTokenizer(json.dump());
  EXPECT_EQ(loaded->Encode("a<s>"), (Ids{3, 4}));
}

// The decoder knows special tokens by their text.
TEST(ReadTextTokenizer, ASpecialTokenThatTheNormalizerChangesIsNotSkipped) {
  Json json = With(Bpe(), "/normalizer", {{"type", "Prepend"}, {"prepend", "_"}});
  json["added_tokens"] = {Added(5, "<s>", true, true), Added(6, "<e>", true, false)};
  const auto loaded = LoadTokenizer(json.dump());
  EXPECT_EQ(loaded->Encode("<s>"), Ids{5});
  EXPECT_EQ(loaded->Decode({5, 6}, true), "_<s>");
  EXPECT_EQ(loaded->Decode({5, 6}, false), "_<s> <e>");
}

TEST(ReadTextTokenizer, OldMetaspaceFilesSayAddPrefixSpace) {
  Json json = Unigram();
  json["pre_tokenizer"] = {
      {"type", "Metaspace"}, {"replacement", "_"}, {"str_rep", "_"}, {"add_prefix_space", true}};
  const auto tables = Read(json).value();
  ASSERT_EQ(tables.pre_tokenizers.size(), 1u);
  EXPECT_EQ(tables.pre_tokenizers[0].prepend, 0);
  EXPECT_EQ(tables.pre_tokenizers[0].behavior, format::SplitBehavior::kMergedWithNext);
}

TEST(ReadTextTokenizer, EosAndBosAreFoundInAListOfWordsToo) {
  const std::string file = Unigram().dump();
  const auto tables =
      ReadTokenizer({.tokenizer_json = file,
                     .tokenizer_config_json = R"({"bos_token": "a", "eos_token": "ab"})"},
                    0, nullptr)
          .value();
  EXPECT_EQ(tables.bos_id, 1);
  EXPECT_EQ(tables.stop_ids, Ids{2});
}

}  // namespace
}  // namespace quanta::converter
