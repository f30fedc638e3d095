// SPDX-License-Identifier: MIT
//
// Tokenizers that QuantaTissu trained, as its two programs write them.
#include "converter/tokenizer/quantatissu.h"

#include <gmock/gmock.h>

#include <cstdlib>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "converter/error.h"
#include "converter/tokenizer/write_tokenizer_json.h"
#include "tests/converter/error_matchers.h"
#include "tests/converter/tokenizer/loaded_tokenizer.h"

namespace quanta::converter {
namespace {

using quanta::testing::LoadedTokenizer;
using quanta::testing::ReadText;
using Ids = std::vector<int32_t>;

const std::string kData = QUANTA_TEST_DATA "/quantatissu/";

std::unique_ptr<LoadedTokenizer> Load(const std::string& path, TissuWords words, bool said = false,
                                      uint32_t vocab = 0) {
  auto loaded = std::make_unique<LoadedTokenizer>();
  loaded->tables = ReadTissuTokenizer(path, words, said, vocab);
  loaded->view = loaded->tables.View().value();
  ErrorDetail detail;
  auto tokenizer = text::CreateTokenizer(loaded->view, &detail);
  EXPECT_TRUE(tokenizer.ok()) << detail.text();
  loaded->tokenizer = std::move(tokenizer).value();
  return loaded;
}

/// A tokenizer's two files in a folder of their own.
class TissuFiles : public ::testing::Test {
 protected:
  TissuFiles() {
    std::string pattern = (std::filesystem::temp_directory_path() / "tissu_XXXXXX").string();
    folder_ = mkdtemp(pattern.data());
    for (int byte = 0; byte < 256; ++byte) vocab_[std::to_string(byte)] = {byte};
    vocab_["256"] = {'a', 'b'};
    vocab_["257"] = {'a', 'b', 'c'};
  }
  ~TissuFiles() override { std::filesystem::remove_all(folder_); }

  std::string Write(const std::string& merges, const std::string& name = "tok") {
    const std::string prefix = folder_ + "/" + name;
    std::ofstream(prefix + "_vocab.json") << vocab_.dump();
    std::ofstream(prefix + "_merges.txt") << merges;
    return prefix;
  }
  std::string ErrorOfMerges(const std::string& merges, TissuWords words = TissuWords::kPython) {
    return ErrorOf([&] { ReadTissuTokenizer(Write(merges), words, true, 0); });
  }

  std::string folder_;
  nlohmann::json vocab_;
};

constexpr const char* kPythonMerges = "97 98 256\n256 99 257\n";

TEST(TissuTokenizer, EncodesTheFixturesAsBothProgramsDo) {
  const auto all = nlohmann::json::parse(ReadText(kData + "tokenizer_cases.json"));
  const struct {
    const char* name;
    const char* prefix;
    TissuWords words;
  } programs[] = {{"python", "by_name/tok", TissuWords::kPython},
                  {"core", "core/tok", TissuWords::kCore}};
  for (const auto& program : programs) {
    const auto loaded = Load(kData + program.prefix, program.words);
    ASSERT_GT(all[program.name].size(), 10u);
    for (const auto& one : all[program.name]) {
      const auto text = one["text"].get<std::string>();
      EXPECT_EQ(loaded->Encode(text), one["ids"].get<Ids>()) << program.name << ": " << text;
      EXPECT_EQ(loaded->Decode(one["ids"].get<Ids>()), text) << program.name;
    }
  }
}

TEST(TissuTokenizer, TheSameFilesGiveOtherIdsInTheOtherProgram) {
  const auto python = Load(kData + "by_name/tok", TissuWords::kPython);
  const auto core = Load(kData + "by_name/tok", TissuWords::kCore, true);
  EXPECT_NE(python->Encode("the text"), core->Encode("the text"));
  EXPECT_EQ(python->Decode(python->Encode("the text")), core->Decode(core->Encode("the text")));
}

TEST(TissuTokenizer, ThePythonProgramsCanBeATokenizerJsonAndTheCoresCannot) {
  ErrorDetail detail;
  const auto python = Load(kData + "by_name/tok", TissuWords::kPython);
  const auto files = WriteTokenizer(python->view, &detail);
  ASSERT_TRUE(files.ok()) << detail.text();
  const auto again = quanta::testing::LoadTokenizer(files->tokenizer_json);
  ASSERT_NE(again, nullptr);
  for (const char* text : {"the text", " It's  1024 of\n", "so\u00F1\u00F3"}) {
    EXPECT_EQ(again->Encode(text), python->Encode(text)) << text;
  }

  const auto core = Load(kData + "core/tok", TissuWords::kCore);
  EXPECT_EQ(WriteTokenizer(core->view, &detail).status().code(), Code::kUnsupported);
  EXPECT_THAT(detail.text(), ::testing::HasSubstr("QuantaTissu's way of cutting texts at bytes"));
}

TEST_F(TissuFiles, AreFoundByPrefixByNameAndInAFolder) {
  const std::string prefix = Write(kPythonMerges);
  for (const std::string& path :
       {prefix, prefix + "_vocab.json", prefix + "_merges.txt", folder_}) {
    EXPECT_EQ(Load(path, TissuWords::kPython)->Encode("abc"), Ids{257}) << path;
  }
  Write(kPythonMerges, "other");
  EXPECT_ERROR(ReadTissuTokenizer(folder_, TissuWords::kPython, false, 0),
               "has several tokenizers; name one: --tokenizer " + folder_ + "/other");
  EXPECT_ERROR(ReadTissuTokenizer(prefix + "x", TissuWords::kPython, false, 0),
               "tokx: there is no such tokenizer; name the PREFIX");
  std::filesystem::remove(prefix + "_merges.txt");
  std::filesystem::remove(folder_ + "/other_merges.txt");
  EXPECT_ERROR(ReadTissuTokenizer(folder_, TissuWords::kPython, false, 0),
               "has no *_vocab.json with its *_merges.txt");
}

TEST_F(TissuFiles, TwoColumnsTakeTheIdOfTheBytesOrTheLinesOwn) {
  vocab_.erase("257");
  vocab_["300"] = {'a', 'b'};  // of two with the same bytes, the core takes the last
  const auto loaded = Load(Write("#version\n\n97 98\r\n300 99\n"), TissuWords::kCore);
  EXPECT_EQ(loaded->Encode("ab"), Ids{300});
  EXPECT_EQ(loaded->Encode("abc"), Ids{257});  // the second merge's: 256 + 1
  EXPECT_EQ(loaded->Decode({257}), "abc");
}

TEST_F(TissuFiles, WithoutMergesTextsAreBytes) {
  EXPECT_EQ(Load(Write(""), TissuWords::kPython)->Encode("ab"), (Ids{'a', 'b'}));
}

TEST_F(TissuFiles, IdsUpToTheModelsVocabularyHaveNoToken) {
  const auto tables = ReadTissuTokenizer(Write(kPythonMerges), TissuWords::kPython, false, 260);
  EXPECT_EQ(tables.vocab(), 260u);
  EXPECT_EQ(tables.token_types[259], format::TokenType::kUnused);
  EXPECT_THAT(tables.notes, ::testing::ElementsAre("2 of the model's 260 ids have no token"));
}

TEST_F(TissuFiles, OfTheOtherProgramNeedTheUsersWord) {
  const std::string two = Write("97 98\n", "two"), three = Write(kPythonMerges, "three");
  EXPECT_ERROR(ReadTissuTokenizer(two, TissuWords::kPython, false, 0),
               "has merges as the C++ core writes them, but the checkpoint is the other's");
  EXPECT_ERROR(ReadTissuTokenizer(three, TissuWords::kCore, false, 0),
               "has merges as the Python program writes them");
  EXPECT_EQ(Load(two, TissuWords::kPython, true)->Encode("ab"), Ids{256});
  EXPECT_EQ(Load(three, TissuWords::kCore, true)->Encode("abc"), Ids{257});
  EXPECT_EQ(ParseTissuWords("core"), TissuWords::kCore);
  EXPECT_ERROR(ParseTissuWords("gpt2"), "unknown --pre-tokenizer gpt2; use python or core");
}

TEST_F(TissuFiles, BadMergesAreErrorsThatNameTheLine) {
  const struct {
    const char* merges;
    const char* error;
  } cases[] = {
      {"97 98 256\n97\n", "tok_merges.txt: line 2 is not two or three ids"},
      {"97 98 256 1\n", "line 1 is not two or three ids"},
      {"97 x 256\n", "line 1 is not two or three ids"},
      {"97 -98 256\n", "line 1 is not two or three ids"},
      {"97 98 99999999999\n", "line 1 is not two or three ids"},
      {"97 98 256\n256 99\n", "line 2 has another number of columns"},
      {"97 98 256\n97 98 257\n", "line 2 merges 97 and 98 again"},
      {"97 98 258\n", "line 1 needs the token 258, which the vocabulary lacks"},
      {"97 400 256\n", "line 1 needs the token 400, which the vocabulary lacks"},
      {"97 99 256\n", "line 1 makes 256, whose bytes are not those of 97 and 99"},
      {"256 99 257\n97 98 256\n", "line 2 makes no larger id than the line before"},
      {"99 99\n", "line 1 makes token 256, whose bytes are others in the vocabulary"},
  };
  for (const auto& bad : cases) {
    EXPECT_THAT(ErrorOfMerges(bad.merges), ::testing::HasSubstr(bad.error)) << bad.merges;
  }
}

TEST_F(TissuFiles, BadVocabulariesAreErrorsThatNameTheToken) {
  const struct {
    const char* key;
    nlohmann::json value;
    const char* error;
  } cases[] = {
      {"x", {1}, "tok_vocab.json: token 'x' is not an id"},
      {"-1", {1}, "token '-1' is not an id"},
      {"99999999", {1}, "token '99999999' is not an id"},
      {"0256", {1, 2}, "token '256' occurs twice"},
      {"257", "abc", "token '257' is not a list of bytes"},
      {"257", {1, 256}, "token '257' holds 256, which is no byte"},
      {"257", {1, -1}, "token '257' holds -1, which is no byte"},
      {"257", nlohmann::json::array(), "token '257' has 0 bytes"},
      {"65", {66}, "token '65' is not the byte 65, as ids below 256 are"},
  };
  for (const auto& bad : cases) {
    const nlohmann::json before = vocab_;
    vocab_[bad.key] = bad.value;
    EXPECT_THAT(ErrorOfMerges(""), ::testing::HasSubstr(bad.error)) << bad.key;
    vocab_ = before;
  }
  EXPECT_ERROR(ReadTissuTokenizer(Write(""), TissuWords::kPython, false, 257),
               "has token 257, but the model only 257 embeddings; the tokenizer belongs to");
  vocab_.erase("65");
  EXPECT_THAT(ErrorOfMerges(""), ::testing::HasSubstr("token '65' is not the byte 65"));
  vocab_ = nlohmann::json::array();
  EXPECT_THAT(ErrorOfMerges(""), ::testing::HasSubstr("is not a JSON object"));
}

}  // namespace
}  // namespace quanta::converter
