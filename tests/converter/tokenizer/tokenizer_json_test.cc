// SPDX-License-Identifier: MIT
#include "converter/tokenizer/tokenizer_json.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <functional>
#include <nlohmann/json.hpp>

#include "converter/tokenizer/byte_alphabet.h"
#include "runtime/text/utf8.h"
#include "tests/converter/tokenizer/loaded_tokenizer.h"

namespace quanta::converter {
namespace {

using Json = nlohmann::json;
using Ids = std::vector<int32_t>;
using testing::LoadTokenizer;

std::string Utf8(char32_t c) {
  char bytes[4];
  return {bytes, text::EncodeUtf8(c, bytes)};
}

// The least that is a tokenizer: 256 bytes under their own ids and GPT-2's pattern.
Json Smallest() {
  Json vocab = Json::object();
  for (int byte = 0; byte < 256; ++byte) vocab[Utf8(ByteToChar(static_cast<uint8_t>(byte)))] = byte;
  const Json byte_level = {{"type", "ByteLevel"},
                           {"add_prefix_space", false},
                           {"trim_offsets", true},
                           {"use_regex", true}};
  return {{"version", "1.0"},
          {"truncation", nullptr},
          {"padding", nullptr},
          {"added_tokens", Json::array()},
          {"normalizer", nullptr},
          {"pre_tokenizer", byte_level},
          {"post_processor", nullptr},
          {"decoder", byte_level},
          {"model",
           {{"type", "BPE"},
            {"dropout", nullptr},
            {"unk_token", nullptr},
            {"continuing_subword_prefix", nullptr},
            {"end_of_word_suffix", nullptr},
            {"fuse_unk", false},
            {"byte_fallback", false},
            {"ignore_merges", false},
            {"vocab", vocab},
            {"merges", Json::array()}}}};
}

Json Added(uint32_t id, const std::string& content, bool special = true) {
  return {{"id", id},        {"content", content},  {"single_word", false}, {"lstrip", false},
          {"rstrip", false}, {"normalized", false}, {"special", special}};
}

Result<TokenizerTables> Read(const Json& json, uint32_t model_vocab = 0,
                             ErrorDetail* detail = nullptr) {
  const std::string text = json.dump();
  return ReadTokenizer({.tokenizer_json = text}, model_vocab, detail);
}

// --- What is refused ----------------------------------------------------------------

struct BadCase {
  const char* name;
  std::function<void(Json&)> change;
  Code code;
  const char* says;  // a part of the message
};

void PrintTo(const BadCase& one, std::ostream* out) { *out << one.name; }

const BadCase kBadCases[] = {
    {"model_type", [](Json& j) { j["model"]["type"] = "WordPiece"; }, Code::kUnsupported,
     "tokenizer.json: model.type: tokenizer model not supported: 'WordPiece'"},
    {"no_model", [](Json& j) { j.erase("model"); }, Code::kCorrupt, "model: must be an object"},
    {"version", [](Json& j) { j["version"] = "2.0"; }, Code::kUnsupported, "version '2.0'"},
    {"unknown_section", [](Json& j) { j["extra"] = 1; }, Code::kUnsupported, "'extra'"},
    {"unknown_setting", [](Json& j) { j["pre_tokenizer"]["new"] = 1; }, Code::kUnsupported,
     "pre_tokenizer: the setting 'new' is not known"},
    {"dropout", [](Json& j) { j["model"]["dropout"] = 0.1; }, Code::kUnsupported,
     "model.dropout: random merges"},
    {"prefix", [](Json& j) { j["model"]["continuing_subword_prefix"] = "##"; }, Code::kUnsupported,
     "continuing_subword_prefix: '##'"},
    {"suffix", [](Json& j) { j["model"]["end_of_word_suffix"] = "</w>"; }, Code::kUnsupported,
     "end_of_word_suffix: '</w>'"},
    {"vocab_array", [](Json& j) { j["model"]["vocab"] = Json::array(); }, Code::kCorrupt,
     "vocab: must be an object"},
    {"vocab_empty", [](Json& j) { j["model"]["vocab"] = Json::object(); }, Code::kCorrupt,
     "vocab: has no words"},
    {"id_negative", [](Json& j) { j["model"]["vocab"]["a"] = -1; }, Code::kCorrupt,
     "vocab['a']: must be a token id"},
    {"id_fraction", [](Json& j) { j["model"]["vocab"]["a"] = 1.5; }, Code::kCorrupt,
     "must be a token id"},
    {"id_huge", [](Json& j) { j["model"]["vocab"]["a"] = 4000000000u; }, Code::kCorrupt,
     "token id 4000000000 is beyond"},
    {"id_shared", [](Json& j) { j["model"]["vocab"]["ab"] = 5; }, Code::kCorrupt,
     "the id 5 belongs to two words"},
    {"not_bytes", [](Json& j) { j["model"]["vocab"]["\u65E5"] = 256; }, Code::kUnsupported,
     "the word '\u65E5' has characters that stand for no byte"},
    {"merges_object", [](Json& j) { j["model"]["merges"] = Json::object(); }, Code::kCorrupt,
     "merges: must be an array"},
    {"merge_one_word", [](Json& j) { j["model"]["merges"] = {"ab"}; }, Code::kCorrupt,
     "merges[0]: 'ab' is not two words"},
    {"merge_three_words", [](Json& j) { j["model"]["merges"] = {"a b c"}; }, Code::kCorrupt,
     "'a b c' is not two words"},
    {"merge_list_of_three",
     [](Json& j) {
       j["model"]["merges"] = {Json::array({"a", "b", "c"}), "a b"};
     },
     Code::kCorrupt, "merges[0]: must be two words"},
    {"merge_number", [](Json& j) { j["model"]["merges"] = Json::array({7}); }, Code::kCorrupt,
     "merges[0]: must be an array"},
    {"merge_unknown_result",
     [](Json& j) {
       j["model"]["merges"] = Json::array({Json::array({"a", "b"})});
     },
     Code::kCorrupt, "merges[0]: 'ab' is not in the vocabulary"},
    {"unknown_token",
     [](Json& j) {
       j["model"]["unk_token"] = "<unk>";
       j["model"]["vocab"].erase("a");
     },
     Code::kCorrupt, "unk_token: '<unk>' is not in the vocabulary"},
    {"byte_fallback",
     [](Json& j) {
       j["model"]["byte_fallback"] = true;
       j["model"]["vocab"].erase("a");
     },
     Code::kUnsupported, "byte_fallback"},
    {"added_empty", [](Json& j) { j["added_tokens"] = Json::array({Added(256, "")}); },
     Code::kCorrupt, "added_tokens[0].content: is empty"},
    {"added_twice",
     [](Json& j) {
       j["added_tokens"] = {Added(256, "<a>"), Added(257, "<a>")};
     },
     Code::kCorrupt, "added_tokens[1].content: '<a>' is added twice"},
    {"added_gap", [](Json& j) { j["added_tokens"] = Json::array({Added(300, "<a>")}); },
     Code::kCorrupt, "would give the id 256"},
    {"added_other_id", [](Json& j) { j["added_tokens"] = Json::array({Added(7, "a")}); },
     Code::kCorrupt, "would give the id 97"},
    {"added_no_id",
     [](Json& j) {
       j["added_tokens"] = Json::array({Added(256, "<a>")});
       j["added_tokens"][0].erase("id");
     },
     Code::kCorrupt, "added_tokens[0].id: must be a token id"},
    {"added_long",
     [](Json& j) { j["added_tokens"] = Json::array({Added(256, std::string(5000, 'x'))}); },
     Code::kCorrupt, "token 256 is too long"},
    {"added_number", [](Json& j) { j["added_tokens"] = Json::array({1}); }, Code::kCorrupt,
     "added_tokens[0]: must be an object"},
    {"normalizer",
     [](Json& j) {
       j["normalizer"] = {{"type", "BertNormalizer"}};
     },
     Code::kUnsupported, "normalizer: normalizer not supported: 'BertNormalizer'"},
    {"normalizer_regex",
     [](Json& j) {
       j["normalizer"] = {{"type", "Replace"}, {"pattern", {{"Regex", "a+"}}}, {"content", "b"}};
     },
     Code::kUnsupported, "normalizer.pattern: regular expression not supported: a+"},
    {"normalizer_nested",
     [](Json& j) {
       j["normalizer"] = {{"type", "Sequence"},
                          {"normalizers", {{{"type", "NFC"}}, {{"type", "Nmt"}}}}};
     },
     Code::kUnsupported, "normalizer.normalizers[1]: normalizer not supported: 'Nmt'"},
    {"normalizer_no_type", [](Json& j) { j["normalizer"] = Json::object(); }, Code::kCorrupt,
     "normalizer.type: must be a string"},
    {"no_pre_tokenizer", [](Json& j) { j["pre_tokenizer"] = nullptr; }, Code::kUnsupported,
     "decoder: decoder not supported: 'ByteLevel'"},
    {"punctuation",
     [](Json& j) {
       j["pre_tokenizer"] = {{"type", "Punctuation"}, {"behavior", "Isolated"}};
     },
     Code::kUnsupported, "pre-tokenizer not supported: 'Punctuation'"},
    {"metaspace_mark",
     [](Json& j) {
       j["pre_tokenizer"] = {{"type", "Metaspace"}, {"replacement", "ab"}};
     },
     Code::kCorrupt, "pre_tokenizer.replacement: must be one character"},
    {"metaspace_scheme",
     [](Json& j) {
       j["pre_tokenizer"] = {{"type", "Metaspace"}, {"replacement", "_"}, {"prepend_scheme", "x"}};
     },
     Code::kCorrupt, "pre_tokenizer.prepend_scheme: 'x' is no scheme"},
    {"metaspace_contradiction",
     [](Json& j) {
       j["pre_tokenizer"] = {
           {"type", "Metaspace"}, {"replacement", "_"}, {"add_prefix_space", false}};
     },
     Code::kCorrupt, "add_prefix_space: contradicts the prepend_scheme"},
    {"metaspace_first_after_another",
     [](Json& j) {
       j["pre_tokenizer"] = {
           {"type", "Sequence"},
           {"pretokenizers",
            {{{"type", "WhitespaceSplit"}},
             {{"type", "Metaspace"}, {"replacement", "_"}, {"prepend_scheme", "first"}}}}};
     },
     Code::kUnsupported, "pretokenizers[1].prepend_scheme: 'first' is not supported after"},
    {"pattern",
     [](Json& j) {
       j["pre_tokenizer"] = {{"type", "Sequence"},
                             {"pretokenizers",
                              {{{"type", "Split"},
                                {"pattern", {{"Regex", "[a-z]+|\\d"}}},
                                {"behavior", "Isolated"},
                                {"invert", false}},
                               j["pre_tokenizer"]}}};
     },
     Code::kUnsupported,
     "pretokenizers[0].pattern: pre-tokenizer pattern not supported: [a-z]+|\\d; the patterns of"},
    {"after_bytes",
     [](Json& j) {
       const Json digits = {{"type", "Digits"}, {"individual_digits", true}};
       j["pre_tokenizer"] = {{"type", "Sequence"}, {"pretokenizers", {j["pre_tokenizer"], digits}}};
     },
     Code::kUnsupported, "a 'Digits' after ByteLevel"},
    {"decoder",
     [](Json& j) {
       j["decoder"] = {{"type", "WordPiece"}};
     },
     Code::kUnsupported, "decoder: decoder not supported: 'WordPiece'"},
    {"no_decoder", [](Json& j) { j["decoder"] = nullptr; }, Code::kUnsupported,
     "decoder: byte-level BPE without a ByteLevel decoder"},
    {"post_processor",
     [](Json& j) {
       j["post_processor"] = {{"type", "Odd"}};
     },
     Code::kUnsupported, "post-processor not supported: 'Odd'"},
    {"post_processor_id",
     [](Json& j) {
       j["post_processor"] = {{"type", "BertProcessing"}, {"sep", {"s", 1}}, {"cls", {"c", 999}}};
     },
     Code::kCorrupt, "post_processor.cls[1]: there is no token 999"},
    {"template_without_text",
     [](Json& j) {
       j["post_processor"] = {{"type", "TemplateProcessing"},
                              {"single", Json::array()},
                              {"pair", Json::array()},
                              {"special_tokens", Json::object()}};
     },
     Code::kUnsupported, "a template without the text"},
    {"template_unknown",
     [](Json& j) {
       j["post_processor"] = {{"type", "TemplateProcessing"},
                              {"single", {{{"SpecialToken", {{"id", "<s>"}, {"type_id", 0}}}}}},
                              {"pair", Json::array()},
                              {"special_tokens", Json::object()}};
     },
     Code::kCorrupt, "'<s>' is not in special_tokens"},
};

class BadTokenizer : public ::testing::TestWithParam<BadCase> {};

TEST_P(BadTokenizer, IsRefusedWithOneLineThatNamesThePlace) {
  Json json = Smallest();
  GetParam().change(json);
  ErrorDetail detail;
  EXPECT_EQ(Read(json, 0, &detail).status().code(), GetParam().code);
  EXPECT_NE(std::string(detail.text()).find(GetParam().says), std::string::npos) << detail.text();
  EXPECT_EQ(std::string(detail.text()).find('\n'), std::string::npos);
}

INSTANTIATE_TEST_SUITE_P(All, BadTokenizer, ::testing::ValuesIn(kBadCases),
                         [](const auto& test) { return std::string(test.param.name); });

TEST(ReadTokenizer, RefusesWhatIsNotJson) {
  const std::string deep = std::string(100000, '[');
  const std::string repeated = R"({"version": "1.0", "version": "1.0"})";
  for (const std::string& text : {std::string(), std::string("\x89PNG\r\n"), std::string("{"),
                                  std::string("[]"), std::string("\"\xFF\""), deep, repeated}) {
    ErrorDetail detail;
    EXPECT_EQ(ReadTokenizer({.tokenizer_json = text}, 0, &detail).status().code(), Code::kCorrupt);
    EXPECT_TRUE(std::string_view(detail.text()).starts_with("tokenizer.json")) << detail.text();
  }
}

TEST(ReadTokenizer, RefusesEveryTruncation) {
  const std::string whole = Smallest().dump();
  for (size_t size = 0; size < whole.size(); size += 7) {
    EXPECT_FALSE(ReadTokenizer({.tokenizer_json = whole.substr(0, size)}, 0, nullptr).ok());
  }
}

// --- What is read -------------------------------------------------------------------

TEST(ReadTokenizer, TheSmallestOneWorks) {
  const auto loaded = LoadTokenizer(Smallest().dump());
  EXPECT_EQ(loaded->Encode("a \u00E9"), (Ids{'a', ' ', 0xC3, 0xA9}));
  EXPECT_TRUE(loaded->tables.notes.empty());
}

TEST(ReadTokenizer, MergesComeInBothForms) {
  for (const Json& merges :
       {Json::array({"#version: 0.2", "a b"}), Json::array({Json::array({"a", "b"})})}) {
    Json json = Smallest();
    json["model"]["vocab"]["ab"] = 256;
    json["model"]["merges"] = merges;
    EXPECT_EQ(LoadTokenizer(json.dump())->Encode("abc"), (Ids{256, 'c'}));
  }
}

TEST(ReadTokenizer, FilesWithoutAModelTypeOrVersionAreOldOnes) {
  Json json = Smallest();
  json.erase("version");
  json["model"].erase("type");
  json["model"].erase("ignore_merges");
  EXPECT_TRUE(Read(json).ok());
}

TEST(ReadTokenizer, GapsBecomeUnusedTokens) {
  Json json = Smallest();
  json["model"]["vocab"]["ab"] = 300;
  const auto tables = Read(json, 310).value();
  EXPECT_EQ(tables.vocab(), 310u);
  EXPECT_EQ(tables.token_types[299], format::TokenType::kUnused);
  EXPECT_EQ(tables.token_types[300], format::TokenType::kNormal);
  EXPECT_EQ(tables.token_types[309], format::TokenType::kUnused);
  EXPECT_EQ(tables.token_offsets[256], tables.token_offsets[300]);
  EXPECT_EQ(tables.token_offsets[301], tables.token_offsets[310]);
}

TEST(ReadTokenizer, WordsBeyondTheModelAreAnErrorAddedTokensANote) {
  Json json = Smallest();
  ErrorDetail detail;
  EXPECT_EQ(Read(json, 200, &detail).status().code(), Code::kCorrupt);
  EXPECT_NE(std::string(detail.text()).find("only 200 embeddings"), std::string::npos)
      << detail.text();
  json["added_tokens"] = {Added(256, "<in>"), Added(257, "<out>")};
  const auto tables = Read(json, 257).value();
  ASSERT_EQ(tables.added.size(), 1u);
  EXPECT_EQ(tables.added[0].content, "<in>");
  ASSERT_EQ(tables.notes.size(), 1u);
  EXPECT_NE(tables.notes[0].find("'<out>'"), std::string::npos);
}

TEST(ReadTokenizer, AModelVocabularyBeyondReasonIsRefusedUnallocated) {
  EXPECT_EQ(Read(Smallest(), UINT32_MAX).status().code(), Code::kLimit);
}

TEST(ReadTokenizer, TypesTellTokensApart) {
  Json json = Smallest();
  json["model"]["vocab"]["<unk>"] = 256;
  json["model"]["unk_token"] = "<unk>";
  json["added_tokens"] = {Added(257, "<s>"), Added(258, "<tool>", false), Added('a', "a", false)};
  const auto tables = Read(json).value();
  EXPECT_EQ(tables.token_types[256], format::TokenType::kUnknown);
  EXPECT_EQ(tables.token_types[257], format::TokenType::kControl);
  EXPECT_EQ(tables.token_types[258], format::TokenType::kUserDefined);
  EXPECT_EQ(tables.token_types['a'], format::TokenType::kNormal);
  EXPECT_EQ(tables.unknown_id, 256);
}

// As the reference decodes them: by the byte alphabet where all characters are in it.
TEST(ReadTokenizer, AddedTokensDecodeThroughTheByteAlphabet) {
  Json json = Smallest();
  json["added_tokens"] = {Added(256, "\u0120x"), Added(257, "\u65E5"), Added(258, "a b")};
  const auto loaded = LoadTokenizer(json.dump());
  EXPECT_EQ(loaded->tokenizer->TokenBytes(256), " x");
  EXPECT_EQ(loaded->tokenizer->TokenBytes(257), "\u65E5");
  EXPECT_EQ(loaded->tokenizer->TokenBytes(258), "a b");
  EXPECT_EQ(loaded->Encode("\u0120xa b"), (Ids{256, 258}));
}

TEST(ReadTokenizer, NormalizedAddedTokensDecodeNormalized) {
  Json json = Smallest();
  json["normalizer"] = {{"type", "Lowercase"}};
  json["added_tokens"] = Json::array({Added(256, "ABC", false)});
  json["added_tokens"][0]["normalized"] = true;
  const auto loaded = LoadTokenizer(json.dump());
  EXPECT_EQ(loaded->Encode("aBc"), Ids{256});
  EXPECT_EQ(loaded->tokenizer->TokenBytes(256), "abc");
}

TEST(ReadTokenizer, PostProcessorsBecomePrefixAndSuffix) {
  const Json byte_level = {
      {"type", "ByteLevel"}, {"add_prefix_space", true}, {"trim_offsets", true}};
  const Json text = {{"Sequence", {{"id", "A"}, {"type_id", 0}}}};
  const Json start = {{"SpecialToken", {{"id", "<s>"}, {"type_id", 0}}}};
  const Json processing = {
      {"type", "TemplateProcessing"},
      {"single", {start, text, start}},
      {"pair", Json::array()},
      {"special_tokens", {{"<s>", {{"id", "<s>"}, {"ids", {1, 2}}, {"tokens", {"x", "y"}}}}}}};
  Json json = Smallest();
  json["post_processor"] = {{"type", "Sequence"}, {"processors", {byte_level, processing}}};
  const auto from_template = Read(json).value();
  EXPECT_EQ(from_template.prefix_ids, (Ids{1, 2}));
  EXPECT_EQ(from_template.suffix_ids, (Ids{1, 2}));

  json["post_processor"] = {{"type", "RobertaProcessing"},
                            {"sep", {"</s>", 4}},
                            {"cls", {"<s>", 3}},
                            {"trim_offsets", true},
                            {"add_prefix_space", false}};
  const auto from_pair = Read(json).value();
  EXPECT_EQ(from_pair.prefix_ids, Ids{3});
  EXPECT_EQ(from_pair.suffix_ids, Ids{4});

  json["post_processor"] = byte_level;
  EXPECT_TRUE(Read(json).value().prefix_ids.empty());
}

TEST(ReadTokenizer, KnowsThePatternsOfTheFamiliesInEverySpelling) {
  using Kind = format::PreTokenizerKind;
  const struct {
    const char* regex;
    Kind kind;
  } cases[] = {
      {R"('s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+)",
       Kind::kGpt2},
      {R"('(?:[sdmt]|ll|ve|re)| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+)", Kind::kGpt2},
      {R"((?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+)",
       Kind::kLlama3},
      {R"((?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+)",
       Kind::kQwen2},
  };
  for (const auto& one : cases) {
    for (const bool removed : {false, true}) {
      Json json = Smallest();
      json["pre_tokenizer"]["use_regex"] = false;
      const Json split = {{"type", "Split"},
                          {"pattern", {{"Regex", one.regex}}},
                          {"behavior", removed ? "Removed" : "Isolated"},
                          {"invert", removed}};
      json["pre_tokenizer"] = {{"type", "Sequence"},
                               {"pretokenizers", {split, json["pre_tokenizer"]}}};
      const auto tables = Read(json);
      ASSERT_TRUE(tables.ok()) << one.regex;
      ASSERT_EQ(tables.value().pre_tokenizers.size(), 1u);
      EXPECT_EQ(tables.value().pre_tokenizers[0].kind, one.kind);
    }
  }
}

TEST(ReadTokenizer, StepsKeepTheirOrderAndFlags) {
  Json json = Smallest();
  json["pre_tokenizer"]["add_prefix_space"] = true;
  const Json digits = {{"type", "Digits"}, {"individual_digits", true}};
  const Json split = {{"type", "Split"},
                      {"pattern", {{"String", "--"}}},
                      {"behavior", "MergedWithNext"},
                      {"invert", false}};
  json["pre_tokenizer"] = {{"type", "Sequence"},
                           {"pretokenizers", {split, digits, json["pre_tokenizer"]}}};
  json["normalizer"] = {
      {"type", "Sequence"},
      {"normalizers",
       {{{"type", "Strip"}, {"strip_left", true}, {"strip_right", false}},
        {{"type", "Replace"}, {"pattern", {{"Regex", " {2,}"}}}, {"content", " "}}}}};
  const auto tables = Read(json).value();
  using Kind = format::PreTokenizerKind;
  ASSERT_EQ(tables.pre_tokenizers.size(), 4u);
  EXPECT_EQ(tables.pre_tokenizers[0].kind, Kind::kSplitLiteral);
  EXPECT_EQ(tables.pre_tokenizers[0].a, "--");
  EXPECT_EQ(tables.pre_tokenizers[0].behavior, format::SplitBehavior::kMergedWithNext);
  EXPECT_EQ(tables.pre_tokenizers[1].kind, Kind::kDigitsIndividual);
  EXPECT_EQ(tables.pre_tokenizers[2].kind, Kind::kAddPrefixSpace);
  EXPECT_EQ(tables.pre_tokenizers[3].kind, Kind::kGpt2);
  ASSERT_EQ(tables.normalizers.size(), 2u);
  EXPECT_TRUE(tables.normalizers[0].left);
  EXPECT_FALSE(tables.normalizers[0].right);
  EXPECT_EQ(tables.normalizers[1].kind, format::NormalizerKind::kSqueezeSpaces);
}

// --- BOS and stop ids ----------------------------------------------------------------

TokenizerTables ReadWith(TokenizerSources sources) {
  Json json = Smallest();
  json["added_tokens"] = {Added(256, "<s>"), Added(257, "</s>"), Added(258, "<|end|>")};
  const std::string text = json.dump();
  sources.tokenizer_json = text;
  ErrorDetail detail;
  auto tables = ReadTokenizer(sources, 0, &detail);
  EXPECT_TRUE(tables.ok()) << detail.text();
  return std::move(tables).value();
}

TEST(SpecialIds, GenerationConfigDecidesAlone) {
  const auto tables = ReadWith(
      {.tokenizer_config_json = R"({"eos_token": "<|end|>"})",
       .config_json = R"({"eos_token_id": 5, "bos_token_id": 6})",
       .generation_config_json = R"({"eos_token_id": [257, 258, 257], "bos_token_id": 256})"});
  EXPECT_EQ(tables.stop_ids, (Ids{257, 258}));
  EXPECT_EQ(tables.bos_id, 256);
}

TEST(SpecialIds, WithoutItTheModelsAndTheTokenizersTokensCount) {
  const auto tables = ReadWith({.tokenizer_config_json = R"({"eos_token": {"content": "<|end|>"},
                                                             "bos_token": "<s>"})",
                                .config_json = R"({"eos_token_id": 257, "bos_token_id": null})"});
  EXPECT_EQ(tables.stop_ids, (Ids{257, 258}));
  EXPECT_EQ(tables.bos_id, 256);
}

TEST(SpecialIds, TheSpecialTokensMapServesWhereNothingElseDoes) {
  const auto tables = ReadWith({.special_tokens_map_json = R"({"eos_token": "</s>"})"});
  EXPECT_EQ(tables.stop_ids, Ids{257});
  EXPECT_EQ(tables.bos_id, -1);
}

TEST(SpecialIds, IdsOutsideTheVocabularyAreLeftOutWithANote) {
  const auto tables = ReadWith({.tokenizer_config_json = R"({"bos_token": "<none>"})",
                                .config_json = R"({"eos_token_id": [-1, 100000, 257]})"});
  EXPECT_EQ(tables.stop_ids, Ids{257});
  EXPECT_EQ(tables.bos_id, -1);
  EXPECT_EQ(tables.notes.size(), 3u);
}

TEST(SpecialIds, WhatIsNoIdIsAnErrorThatNamesItsFile) {
  const std::string json = Smallest().dump();
  for (const char* config :
       {R"({"eos_token_id": "x"})", R"({"eos_token_id": [1.5]})", "[1]", "{"}) {
    ErrorDetail detail;
    EXPECT_EQ(
        ReadTokenizer({.tokenizer_json = json, .config_json = config}, 0, &detail).status().code(),
        Code::kCorrupt);
    EXPECT_TRUE(std::string_view(detail.text()).starts_with("config.json")) << detail.text();
  }
}

// --- Folders -------------------------------------------------------------------------

TEST(ReadTokenizerFolder, ReadsTheFixtures) {
  ErrorDetail detail;
  const auto tables = ReadTokenizerFolder(QUANTA_TEST_DATA "/hf/llama_tied", 0, &detail);
  ASSERT_TRUE(tables.ok()) << detail.text();
  EXPECT_GT(tables.value().vocab(), 256u);
  EXPECT_FALSE(tables.value().stop_ids.empty());
}

TEST(ReadTokenizerFolder, SaysWhatIsMissing) {
  ErrorDetail detail;
  EXPECT_EQ(ReadTokenizerFolder("/nowhere", 0, &detail).status().code(), Code::kNotFound);
  EXPECT_NE(std::string(detail.text()).find("/nowhere/tokenizer.json: is missing"),
            std::string::npos)
      << detail.text();
}

TEST(ReadTokenizerFolder, AFolderInPlaceOfAFileIsAnError) {
  const auto folder = std::filesystem::path(::testing::TempDir()) / "tokenizer_folder";
  std::filesystem::create_directories(folder / "tokenizer.json");
  ErrorDetail detail;
  EXPECT_FALSE(ReadTokenizerFolder(folder.string(), 0, &detail).ok());
  EXPECT_FALSE(detail.empty());
  std::filesystem::remove_all(folder);
}

}  // namespace
}  // namespace quanta::converter
