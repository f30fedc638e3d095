// SPDX-License-Identifier: MIT
//
// Documents, token files and rows.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <string>
#include <vector>

#include "converter/error.h"
#include "tests/train_host/temp_folder.h"
#include "tests/train_host/tiny_run.h"
#include "train_host/data/documents.h"
#include "train_host/data/packing.h"
#include "train_host/data/token_file.h"

namespace quanta::train {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::kTokenizer;
using testing::TempFolder;

std::vector<std::string> Texts(const std::string& path, const DocumentOptions& options = {}) {
  std::vector<std::string> texts;
  ReadDocuments(path, options, [&](const Document& document) {
    std::string text;
    for (const Piece& piece : document) text += (piece.learn ? "+" : "-") + piece.text;
    texts.push_back(text);
  });
  return texts;
}

std::string Complaint(const std::function<void()>& action) {
  try {
    action();
  } catch (const converter::Error& error) {
    return error.what();
  }
  return "no error";
}

class Documents : public ::testing::Test {
 protected:
  std::string Refusal(const std::string& name, const std::string& content) {
    const std::string path = folder_.Write(name, content);
    return Complaint([&] { Texts(path); });
  }
  TempFolder folder_;
};

TEST_F(Documents, AreFilesOrWhatTheSeparatorCuts) {
  const std::string path = folder_.Write("a.txt", "one\n==\n==\ntwo");
  EXPECT_THAT(Texts(path), ElementsAre("+one\n==\n==\ntwo"));
  EXPECT_THAT(Texts(path, {.separator = "==\n"}), ElementsAre("+one\n", "+two"));
}

TEST_F(Documents, OfJsonLinesLearnTextsAndAnswers) {
  const std::string path = folder_.Write(
      "a.jsonl", "{\"text\": \"all\", \"id\": 7}\n\n{\"prompt\": \"q\", \"answer\": \"a\"}\r\n");
  EXPECT_THAT(Texts(path), ElementsAre("+all", "-q+a"));
}

TEST_F(Documents, TellFileAndLineOfWhatIsWrong) {
  EXPECT_THAT(Refusal("a.jsonl", "{\"text\": \"x\"}\n{\"prompt\": \"q\"}\n"),
              HasSubstr("a.jsonl, line 2: has no text under 'answer'"));
  EXPECT_THAT(Refusal("b.jsonl", "[1]\n"), HasSubstr("line 1: is no JSON object"));
  EXPECT_THAT(Refusal("c.jsonl", "{\"txt\": 1}\n"), HasSubstr("none of the keys"));
  EXPECT_THAT(Refusal("d.jsonl", "{\"text\": \"\", \"prompt\": \"\"}\n"),
              HasSubstr("more than one"));
  EXPECT_THAT(Refusal("e.jsonl", "{\"messages\": [{\"role\": \"user\", \"content\": \"x\"}]}\n"),
              HasSubstr("no chat template"));
  EXPECT_THAT(Refusal("f.txt", "fine\nnot \xff fine\n"), HasSubstr("f.txt, line 2: is not UTF-8"));
  EXPECT_THAT(Refusal("g.txt", ""), HasSubstr("empty"));
  EXPECT_THAT(Complaint([&] { Texts(folder_.File("none.txt")); }), HasSubstr("none.txt"));
}

class Chats : public ::testing::Test {
 protected:
  void SetUp() override {
    for (const char* name : {"tokenizer.json", "tokenizer_config.json"}) {
      std::filesystem::copy(kTokenizer + "/" + name, folder_.File(name));
    }
    folder_.Write("chat_template.jinja",
                  "{% for m in messages %}<|im_start|>{{ m.role }}\n{{ m.content }}<|im_end|>\n"
                  "{% endfor %}{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}");
  }
  TempFolder folder_;
};

TEST_F(Chats, LearnTheAssistantsWordsOnly) {
  const TrainTokenizer tokenizer(folder_.File(""), "");
  ASSERT_NE(tokenizer.chat(), nullptr);
  const std::string path = folder_.Write(
      "a.jsonl",
      "{\"messages\": [{\"role\": \"user\", \"content\": \"hi\"}, {\"role\": \"assistant\", "
      "\"content\": \"yes\"}, {\"role\": \"user\", \"content\": \"so\"}, {\"role\": \"assistant\", "
      "\"content\": \"no\"}]}\n{\"prompt\": \"q\", \"answer\": \"a\"}\n");
  EXPECT_THAT(Texts(path, {.chat = tokenizer.chat()}),
              ElementsAre("-<|im_start|>user\nhi<|im_end|>\n<|im_start|>assistant\n"
                          "+yes<|im_end|>\n-<|im_start|>user\nso<|im_end|>\n"
                          "<|im_start|>assistant\n+no<|im_end|>\n",
                          "-<|im_start|>user\nq<|im_end|>\n<|im_start|>assistant\n+a<|im_end|>\n"));
}

class Tokens : public ::testing::Test {
 protected:
  std::string Make(const std::string& name, const std::string& content,
                   const std::string& separator = "") {
    const std::string path = folder_.Write(name, content);
    const std::string out = folder_.File(name + ".tokens");
    WriteTokenFile({{path}, separator}, tokenizer_, 5, out, [](uint64_t) {});
    return out;
  }
  TempFolder folder_;
  const TrainTokenizer tokenizer_{kTokenizer, ""};
};

TEST_F(Tokens, AreTheRuntimesIdsAndEndWithTheEndToken) {
  const TokenFile file(Make("a.txt", "hello there|and more", "|"));
  ASSERT_EQ(file.documents(), 2u);
  EXPECT_EQ(file.fingerprint(), 5u);
  TokenBuffer expected;
  EncodeOptions options;
  options.add_special = false;
  ASSERT_TRUE(tokenizer_.tokenizer().Encode("hello there", options, &expected).ok());
  const auto tokens = file.document(0);
  ASSERT_EQ(tokens.size(), expected.size() + 1);
  EXPECT_TRUE(std::equal(expected.ids().begin(), expected.ids().end(), tokens.begin()));
  EXPECT_EQ(tokens.back(), 0u);  // <|endoftext|>
}

TEST_F(Tokens, OfPromptsAreMarked) {
  const TokenFile file(Make("a.jsonl", "{\"prompt\": \"abc\", \"answer\": \"xyz\"}\n"));
  const auto tokens = file.document(0);
  EXPECT_NE(tokens.front() & TokenFile::kNotLearned, 0u);
  EXPECT_EQ(tokens.back() & TokenFile::kNotLearned, 0u);
}

TEST_F(Tokens, FilesThatAreDamagedAreRefused) {
  const std::string path = Make("a.txt", "some words to begin with");
  const std::string good = folder_.Read("a.txt.tokens");
  const auto with = [&](const std::string& bytes) {
    folder_.Write("bad.tokens", bytes);
    return Complaint([&] { TokenFile file(folder_.File("bad.tokens")); });
  };
  EXPECT_THAT(with(good), "no error");
  EXPECT_THAT(with(good.substr(0, good.size() - 1)), HasSubstr("size"));
  EXPECT_THAT(with("short"), HasSubstr("too short"));
  for (const size_t at : {size_t{0}, size_t{8}, size_t{16}, size_t{67}, good.size() - 1}) {
    std::string bad = good;
    bad[at] = static_cast<char>(bad[at] ^ 0x70);
    EXPECT_THAT(with(bad), HasSubstr("bad.tokens")) << at;
  }
}

TEST_F(Tokens, OfNothingAreAnError) {
  EXPECT_THAT(Complaint([&] { Make("a.jsonl", "\n\n"); }), HasSubstr("nothing to learn from"));
}

class Packed : public Tokens {
 protected:
  /// Documents of lengths that rows of 16 do not divide.
  TokenFile Varied() {
    std::string text;
    for (int i = 0; i < 60; ++i)
      text += std::string(static_cast<size_t>(1 + i * 7 % 23), 'q') + "|";
    return TokenFile(Make("v.txt", text, "|"));
  }
};

TEST_F(Packed, EveryTargetOnceInEachPass) {
  const TokenFile file = Varied();
  for (const Packing packing : {Packing::kSplit, Packing::kWhole}) {
    for (const uint64_t seed : {1, 2}) {
      const EpochPlan plan = PlanEpoch(file, 16, packing, true, seed);
      std::multiset<uint64_t> targets;
      for (const Span& span : plan.spans) {
        for (uint32_t i = 0; i < span.count; ++i) targets.insert(span.begin + i + 1);
      }
      std::multiset<uint64_t> expected;
      for (size_t d = 0; d < file.documents(); ++d) {
        for (size_t i = 1; i < file.document(d).size(); ++i) expected.insert(file.begin(d) + i);
      }
      EXPECT_EQ(targets, expected);
      for (size_t row = 0; row < plan.count(); ++row) {
        size_t length = 0;
        for (const Span& span : plan.row(row)) length += span.count;
        EXPECT_LE(length, 16u);
        EXPECT_GT(length, 0u);
      }
    }
  }
}

TEST_F(Packed, WholeDocumentsAreNotCut) {
  const TokenFile file = Varied();
  const EpochPlan plan = PlanEpoch(file, 24, Packing::kWhole, true, 1);
  for (size_t d = 0; d < file.documents(); ++d) {
    const auto inputs = static_cast<uint32_t>(file.document(d).size() - 1);
    if (inputs == 0 || inputs > 24) continue;
    EXPECT_TRUE(std::any_of(plan.spans.begin(), plan.spans.end(), [&](const Span& span) {
      return span.begin == file.begin(d) && span.count == inputs;
    })) << d;
  }
  const EpochPlan split = PlanEpoch(file, 24, Packing::kSplit, true, 1);
  EXPECT_LE(plan.count(), split.count() * 5 / 4) << "gaps are filled";
}

TEST_F(Packed, OrderComesFromTheSeed) {
  const TokenFile file = Varied();
  const auto begins = [&](bool shuffle, uint64_t seed) {
    std::vector<uint64_t> all;
    for (const Span& span : PlanEpoch(file, 16, Packing::kSplit, shuffle, seed).spans) {
      all.push_back(span.begin);
    }
    return all;
  };
  EXPECT_EQ(begins(true, 1), begins(true, 1));
  EXPECT_NE(begins(true, 1), begins(true, 2));
  const auto in_order = begins(false, 1);
  EXPECT_TRUE(std::is_sorted(in_order.begin(), in_order.end()));
}

TEST_F(Packed, BatchesHaveWhatTheModelExpects) {
  const TokenFile file = Varied();
  BatchReader reader(file, {.rows = 3, .length = 16, .packing = Packing::kWhole, .seed = 4});
  Batch batch;
  for (int i = 0; i < 40; ++i) {  // several passes
    reader.Next(&batch);
    ASSERT_EQ(batch.tokens(), 48u);
    ASSERT_EQ(batch.ids.size(), 48u);
    size_t targets = 0;
    for (const int32_t target : batch.targets) targets += target >= 0;
    EXPECT_EQ(batch.target_count, targets);
    for (size_t row = 0; row < 3; ++row) {
      uint32_t at = 0;
      for (const Segment& segment : batch.SegmentsOf(row)) {
        EXPECT_EQ(segment.begin, at);
        EXPECT_EQ(batch.positions[row * 16 + at], 0);
        at = segment.end;
      }
      EXPECT_EQ(at, 16u);
    }
  }
  EXPECT_GT(reader.position().epoch, 0u);
}

TEST_F(Packed, SeekingGoesOnWhereItWas) {
  const TokenFile file = Varied();
  const BatchReader::Options options = {.rows = 2, .length = 16, .seed = 4};
  BatchReader reader(file, options), other(file, options);
  Batch batch, again;
  for (int i = 0; i < 30; ++i) reader.Next(&batch);
  other.Seek(reader.position());
  reader.Next(&batch);
  other.Next(&again);
  EXPECT_EQ(batch.ids, again.ids);
  EXPECT_EQ(batch.targets, again.targets);
}

}  // namespace
}  // namespace quanta::train
