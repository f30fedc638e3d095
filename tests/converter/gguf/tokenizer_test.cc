// SPDX-License-Identifier: MIT
//
// The fixtures' tokenizers by way of a GGUF vocabulary: the ids of Hugging Face's library.
#include "converter/gguf/tokenizer.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <map>

#include "converter/gguf/pre_tokenizers.h"
#include "converter/json.h"
#include "tests/converter/error_matchers.h"
#include "tests/converter/gguf/builder.h"
#include "tests/converter/tokenizer/loaded_tokenizer.h"

namespace quanta::converter {
namespace {

using quanta::testing::FixturePath;
using quanta::testing::LoadedTokenizer;
using quanta::testing::ReadText;
using testing::GgufBuilder;
using Ids = std::vector<int32_t>;

/// The lists of a vocabulary, as a file has them.
struct Vocab {
  std::vector<std::string> tokens, merges;
  std::vector<int32_t> types;
  std::vector<float> scores;

  /// Without the model's name and how it cuts texts.
  GgufBuilder Gguf() const {
    GgufBuilder gguf;
    gguf.Texts("tokenizer.ggml.tokens", tokens).Ints("tokenizer.ggml.token_type", types);
    if (!merges.empty()) gguf.Texts("tokenizer.ggml.merges", merges);
    if (!scores.empty()) gguf.Floats("tokenizer.ggml.scores", scores);
    return gguf;
  }
};

constexpr int32_t kNormal = 1, kUnknown = 2, kControl = 3, kUser = 4, kByte = 6;

Vocab FromFixture(const std::string& kind) {
  const Json json = ReadJson(FixturePath(kind, "tokenizer.json"));
  const Json& model = json["model"];
  Vocab vocab;
  size_t count = model["vocab"].size();
  for (const Json& added : json["added_tokens"]) {
    count = std::max(count, added["id"].get<size_t>() + 1);
  }
  vocab.tokens.resize(count);
  vocab.types.assign(count, kNormal);
  for (const auto& [word, value] : model["vocab"].items()) {
    const auto id = value.get<size_t>();
    vocab.tokens[id] = word;
    if (word.size() == 6 && word.starts_with("<0x")) vocab.types[id] = kByte;
  }
  for (const Json& added : json["added_tokens"]) {
    const auto id = added["id"].get<size_t>();
    vocab.tokens[id] = added["content"];
    vocab.types[id] = added["content"] == "<unk>"    ? kUnknown
                      : added["special"].get<bool>() ? kControl
                                                     : kUser;
  }
  for (const Json& merge : model["merges"]) {
    vocab.merges.push_back(merge[0].get<std::string>() + " " + merge[1].get<std::string>());
  }
  return vocab;
}

/// SentencePiece has a score for each piece: less the later it is made.
Vocab Pieces(const std::string& kind) {
  Vocab vocab = FromFixture(kind);
  vocab.scores.assign(vocab.tokens.size(), -1e4f);
  std::map<std::string, float> score;
  for (size_t i = 0; i < vocab.merges.size(); ++i) {
    std::string result = vocab.merges[i];
    result.erase(result.find(' '), 1);
    score.emplace(result, -static_cast<float>(i));
  }
  for (size_t id = 0; id < vocab.tokens.size(); ++id) {
    if (const auto found = score.find(vocab.tokens[id]); found != score.end()) {
      vocab.scores[id] = found->second;
    }
  }
  vocab.merges.clear();
  return vocab;
}

TokenizerTables Read(const GgufBuilder& builder, uint32_t vocab = 0) {
  const std::string bytes = builder.Bytes();
  return ReadGgufTokenizer(ParseGguf(std::as_bytes(std::span(bytes)), "m.gguf"), vocab, "m.gguf");
}

std::unique_ptr<LoadedTokenizer> Load(const GgufBuilder& builder) {
  auto loaded = std::make_unique<LoadedTokenizer>();
  loaded->tables = Read(builder);
  loaded->view = loaded->tables.View().value();
  ErrorDetail detail;
  loaded->tokenizer = text::CreateTokenizer(loaded->view, &detail).value();
  return loaded;
}

void ExpectGolden(const LoadedTokenizer& tokenizer, const std::string& kind) {
  const Json cases = ReadJson(FixturePath(kind, "cases.json"));
  ASSERT_GT(cases.size(), 100u);
  for (const Json& one : cases) {
    const auto text = one["text"].get<std::string>();
    EXPECT_EQ(tokenizer.Encode(text), one["ids"].get<Ids>()) << text;
    EXPECT_EQ(tokenizer.Encode(text, true), one["ids_special"].get<Ids>()) << text;
    EXPECT_EQ(tokenizer.Decode(one["ids"].get<Ids>()), one["decoded"].get<std::string>());
    EXPECT_EQ(tokenizer.Decode(one["ids"].get<Ids>(), true),
              one["decoded_skip"].get<std::string>());
  }
}

class GgufByteLevel : public ::testing::TestWithParam<std::pair<const char*, const char*>> {};

TEST_P(GgufByteLevel, IdsAndTextsAreTheReferences) {
  const auto [kind, pre] = GetParam();
  GgufBuilder gguf = FromFixture(kind).Gguf();
  gguf.Text("tokenizer.ggml.model", "gpt2").Text("tokenizer.ggml.pre", pre);
  gguf.Count("tokenizer.ggml.bos_token_id", 0);
  ExpectGolden(*Load(gguf), kind);
}

INSTANTIATE_TEST_SUITE_P(Fixtures, GgufByteLevel,
                         ::testing::Values(std::pair{"gpt2", "gpt-2"},
                                           std::pair{"llama3", "llama-bpe"},
                                           std::pair{"qwen2", "qwen2"},
                                           std::pair{"smollm", "smollm"}),
                         [](const auto& test) { return std::string(test.param.first); });

class GgufPieces : public ::testing::TestWithParam<std::pair<const char*, bool>> {};

TEST_P(GgufPieces, IdsAndTextsAreTheReferences) {
  const auto [kind, prefix] = GetParam();
  GgufBuilder gguf = Pieces(kind).Gguf();
  gguf.Text("tokenizer.ggml.model", "llama").Bool("tokenizer.ggml.add_space_prefix", prefix);
  ExpectGolden(*Load(gguf), kind);
}

INSTANTIATE_TEST_SUITE_P(Fixtures, GgufPieces,
                         ::testing::Values(std::pair{"spm_prefix", true},
                                           std::pair{"spm_noprefix", false}),
                         [](const auto& test) { return std::string(test.param.first); });

GgufBuilder Gpt2(const Vocab& vocab = FromFixture("gpt2")) {
  GgufBuilder gguf = vocab.Gguf();
  gguf.Text("tokenizer.ggml.model", "gpt2").Text("tokenizer.ggml.pre", "gpt-2");
  return gguf;
}

TEST(GgufTokenizer, SpecialIdsAreThoseOfTheFile) {
  GgufBuilder gguf = Gpt2();
  gguf.Count("tokenizer.ggml.bos_token_id", 1).Count("tokenizer.ggml.eos_token_id", 2);
  gguf.Count("tokenizer.ggml.eot_token_id", 0).Count("tokenizer.ggml.eom_token_id", 2);
  gguf.Bool("tokenizer.ggml.add_bos_token", true).Bool("tokenizer.ggml.add_eos_token", true);
  const TokenizerTables tables = Read(gguf);
  EXPECT_EQ(tables.bos_id, 1);
  EXPECT_EQ(tables.stop_ids, (Ids{2, 0}));
  EXPECT_EQ(tables.prefix_ids, (Ids{1}));
  EXPECT_EQ(tables.suffix_ids, (Ids{2}));
}

TEST(GgufTokenizer, EndsAreFoundByNameWhereNoEotTokenIsNamed) {
  const Vocab vocab = FromFixture("gpt2");
  ASSERT_EQ(vocab.tokens[2], "<|im_end|>");
  EXPECT_EQ(Read(Gpt2(vocab).Count("tokenizer.ggml.eos_token_id", 0)).stop_ids, (Ids{0, 2}));
  EXPECT_EQ(Read(Gpt2(vocab)).stop_ids, (Ids{0, 2})) << "<|endoftext|> is one by name, too";
  Vocab plain = vocab;
  plain.types[2] = kNormal;
  EXPECT_EQ(Read(Gpt2(plain)).stop_ids, (Ids{0})) << "a word is no end";
  GgufBuilder named = Gpt2(vocab);
  named.Count("tokenizer.ggml.eos_token_id", 0).Count("tokenizer.ggml.eot_token_id", 0);
  EXPECT_EQ(Read(named).stop_ids, (Ids{0}));
}

TEST(GgufTokenizer, MergesOfPiecesThatAreListedCountInsteadOfScores) {
  GgufBuilder gguf = FromFixture("spm_prefix").Gguf();  // without scores
  gguf.Text("tokenizer.ggml.model", "llama");
  ExpectGolden(*Load(gguf), "spm_prefix");
}

TEST(GgufTokenizer, WaysToCutTextsAreWrittenAsTheyAreRead) {
  for (const char* name :
       {"gpt-2", "llama-bpe", "smaug-bpe", "dbrx", "qwen2", "stablelm2", "smollm", "starcoder"}) {
    GgufBuilder gguf = FromFixture("gpt2").Gguf();
    gguf.Text("tokenizer.ggml.model", "gpt2").Text("tokenizer.ggml.pre", name);
    gguf.Count("tokenizer.ggml.bos_token_id", 0);
    const GgufPreTokenizer* read = FindGgufPreTokenizer(name);
    const GgufPreTokenizer* written = FindGgufPreTokenizer(Read(gguf));
    ASSERT_NE(read, nullptr) << name;
    ASSERT_NE(written, nullptr) << name;
    EXPECT_TRUE(std::equal(read->steps.begin(), read->steps.end(), written->steps.begin(),
                           written->steps.end()))
        << name;
    EXPECT_EQ(read->nfc, written->nfc) << name;
    EXPECT_EQ(read->ignore_merges, written->ignore_merges) << name;
  }
}

TEST(GgufTokenizer, TokensAddedByUsersAreFoundInTexts) {
  Vocab vocab = FromFixture("gpt2");
  const auto id = static_cast<int32_t>(vocab.tokens.size());
  vocab.tokens.push_back("<tool call>");
  vocab.types.push_back(kUser);
  const auto loaded = Load(Gpt2(vocab));
  EXPECT_EQ(loaded->Encode("<tool call>"), (Ids{id}));
  EXPECT_EQ(loaded->Decode({id}, true), "<tool call>") << "not a special one";
}

TEST(GgufTokenizer, UnusedTokensAreNoWords) {
  constexpr int32_t kUnused = 5;
  Vocab vocab = FromFixture("gpt2");
  const size_t count = vocab.tokens.size();
  vocab.tokens.insert(vocab.tokens.end(), {"[PAD0]", "<|extra|>", "[PAD1]"});
  vocab.types.insert(vocab.types.end(), {kUnused, kControl, kUnused});
  const auto loaded = Load(Gpt2(vocab));
  EXPECT_EQ(loaded->Encode("<|extra|>"), (Ids{static_cast<int32_t>(count + 1)}));
  EXPECT_EQ(Read(Gpt2(vocab), static_cast<uint32_t>(count + 3)).vocab(), count + 3);
}

#define EXPECT_BAD(gguf, text) EXPECT_ERROR(Read(gguf), "m.gguf: " text)

TEST(GgufTokenizer, WhatIsNotReproducedExactlyIsNamed) {
  const Vocab vocab = FromFixture("gpt2");
  EXPECT_BAD(vocab.Gguf().Text("tokenizer.ggml.model", "bert"),
             "tokenizer.ggml.model is 'bert', which is not supported");
  EXPECT_BAD(vocab.Gguf(), "tokenizer.ggml.model is '', which is not supported");
  EXPECT_BAD(vocab.Gguf().Text("tokenizer.ggml.model", "gpt2").Text("tokenizer.ggml.pre", "tekken"),
             "tokenizer.ggml.pre is 'tekken', which is not supported; supported: gpt-2, phi-2");
  EXPECT_BAD(vocab.Gguf().Text("tokenizer.ggml.model", "gpt2"),
             "tokenizer.ggml.pre is missing: how texts are cut is not known");
  EXPECT_BAD(Gpt2().Bool("tokenizer.ggml.add_sep_token", true), "tokenizer.ggml.add_sep_token");
}

TEST(GgufTokenizer, ListsThatDoNotFitAreNamed) {
  EXPECT_BAD(GgufBuilder().Text("tokenizer.ggml.model", "gpt2"),
             "tokenizer.ggml.tokens is missing");
  EXPECT_BAD(GgufBuilder().Text("tokenizer.ggml.model", "gpt2").Texts("tokenizer.ggml.tokens", {}),
             "tokenizer.ggml.tokens is missing");
  const auto broken = [](const std::function<void(Vocab*)>& change) {
    Vocab vocab = FromFixture("gpt2");
    change(&vocab);
    return Gpt2(vocab);
  };
  EXPECT_BAD(broken([](Vocab* v) { v->types.pop_back(); }), "tokenizer.ggml.token_type");
  EXPECT_BAD(broken([](Vocab* v) { v->types[5] = 7; }), "tokenizer.ggml.token_type has 7");
  EXPECT_BAD(broken([](Vocab* v) { v->tokens[5] = v->tokens[6]; }),
             "tokenizer.ggml.tokens has '$' twice");
  EXPECT_BAD(broken([](Vocab* v) { v->tokens[5] = "\xff"; }),
             "tokenizer.ggml.tokens has a text that is not UTF-8");
  EXPECT_BAD(broken([](Vocab* v) { v->merges[0] = "one"; }), "");
  EXPECT_BAD(Gpt2().Count("tokenizer.ggml.eos_token_id", 1'000'000),
             "tokenizer.ggml.eos_token_id must be the id of one of ");
  EXPECT_BAD(Gpt2().Bool("tokenizer.ggml.add_bos_token", true),
             "tokenizer.ggml.add_bos_token is true, but there is no such token");
  const auto pieces = [](const std::function<void(Vocab*)>& change) {
    Vocab vocab = Pieces("spm_prefix");
    change(&vocab);
    GgufBuilder gguf = vocab.Gguf();
    gguf.Text("tokenizer.ggml.model", "llama");
    return gguf;
  };
  EXPECT_BAD(pieces([](Vocab* v) { v->scores.clear(); }), "tokenizer.ggml.scores is missing");
  EXPECT_BAD(pieces([](Vocab* v) { v->scores[3] = NAN; }), "tokenizer.ggml.scores has one that");
  EXPECT_BAD(pieces([](Vocab* v) { v->tokens[900] = std::string(5000, 'a'); }),
             "tokenizer.ggml.tokens has a piece that is too long");
}

TEST(GgufChat, TheTemplateComesWithItsTokens) {
  GgufBuilder gguf = Gpt2();
  gguf.Text("tokenizer.chat_template", "{{ bos_token }}");
  gguf.Count("tokenizer.ggml.bos_token_id", 1).Count("tokenizer.ggml.eos_token_id", 2);
  const std::string bytes = gguf.Bytes();
  const ChatSource chat =
      ReadGgufChat(ParseGguf(std::as_bytes(std::span(bytes)), "m.gguf"), "m.gguf");
  EXPECT_EQ(chat.place, "m.gguf");
  EXPECT_EQ(chat.jinja, "{{ bos_token }}");
  EXPECT_EQ(chat.bos_token, "<|im_start|>");
  EXPECT_EQ(chat.eos_token, "<|im_end|>");
  const std::string without = Gpt2().Bytes();
  EXPECT_EQ(ReadGgufChat(ParseGguf(std::as_bytes(std::span(without)), "m.gguf"), "m.gguf").place,
            "");
}

}  // namespace
}  // namespace quanta::converter
