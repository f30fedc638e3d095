// SPDX-License-Identifier: MIT
#include "train_host/tokenizer/corpus.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "tests/converter/error_matchers.h"
#include "tests/train_host/temp_folder.h"

namespace quanta::train {
namespace {

using converter::Progress;
using testing::TempFolder;
using Texts = std::vector<std::string>;

Texts Read(const std::vector<std::string>& paths, const CorpusOptions& options = {}) {
  Progress silent(Progress::Style::kNone, nullptr, nullptr);
  const Corpus corpus(paths, options, &silent);
  Texts texts(corpus.texts().begin(), corpus.texts().end());
  uint64_t bytes = 0;
  for (const std::string& text : texts) bytes += text.size();
  EXPECT_EQ(corpus.bytes(), bytes);
  return texts;
}

TEST(Corpus, AFileIsOneTextOrOneALine) {
  const TempFolder folder;
  const auto a = folder.Write("a.txt", "one\r\n\ntwo");
  const auto b = folder.Write("b.txt", "\xE4\xB8\xAD\n");
  EXPECT_EQ(Read({a, b}), (Texts{"one\r\n\ntwo", "\xE4\xB8\xAD\n"}));
  EXPECT_EQ(Read({a, b}, {.lines = true}), (Texts{"one\r\n", "\n", "two", "\xE4\xB8\xAD\n"}));
}

TEST(Corpus, ReadsTheTextsOfObjects) {
  const TempFolder folder;
  const auto path = folder.Write(
      "a.jsonl", "{\"prompt\":\"p\\n\",\"answer\":\"a\\u00e9\",\"n\":1}\n\n{\"text\":\"t\"}\r\n");
  EXPECT_EQ(Read({path}), (Texts{"p\n", "a\xC3\xA9", "t"}));
  EXPECT_EQ(Read({path}, {.lines = false, .keys = {"answer", "text"}}), (Texts{"a\xC3\xA9", "t"}));
}

TEST(Corpus, SkipsFilesWithoutText) {
  const TempFolder folder;
  const auto empty = folder.Write("empty.txt", "");
  const auto nothing = folder.Write("nothing.jsonl", "{\"text\":\"\"}\n");
  EXPECT_EQ(Read({empty, folder.Write("a.txt", "a"), nothing}), Texts{"a"});
  EXPECT_ERROR(Read({empty}), empty + ": there is no text to learn from");
  EXPECT_ERROR(Read({empty, nothing}), "there is no text to learn from");
  EXPECT_ERROR(Read({}), "no text files");
}

TEST(Corpus, NamesTheLineThatIsNotUtf8) {
  const TempFolder folder;
  const auto path = folder.Write("latin.txt", "fine\nfine\nna\xEFve\n");
  EXPECT_ERROR(Read({path}), path + ": is not UTF-8: byte 0xEF in line 3; convert it first");
  EXPECT_ERROR(Read({folder.Write("cut.txt", "\xE4\xB8")}), "is not UTF-8: byte 0xE4 in line 1");
  EXPECT_ERROR(Read({folder.Write("a.jsonl", "{\"text\":\"\xFF\"}\n")}), "is not UTF-8");
}

TEST(Corpus, NamesWhatCannotBeRead) {
  const TempFolder folder;
  EXPECT_ERROR(Read({folder.File("none.txt")}), folder.File("none.txt"));
  EXPECT_ERROR(Read({folder.File("")}), folder.File(""));
}

TEST(Corpus, NamesTheLineThatIsNoObjectWithATextInIt) {
  const TempFolder folder;
  const auto at = [&](const std::string& line) {
    return folder.Write("a.jsonl", "{\"text\":\"t\"}\n" + line + "\n");
  };
  EXPECT_ERROR(Read({at("{\"text\":")}), "a.jsonl:2: ");
  EXPECT_ERROR(Read({at("[1]")}), "a.jsonl:2: there is no object with 'text', 'prompt', 'answer'");
  EXPECT_ERROR(Read({at("{\"body\":\"b\"}")}), "--key names what holds texts");
  EXPECT_ERROR(Read({at("{\"text\":7}")}), "a.jsonl:2: 'text' is not a text");
}

}  // namespace
}  // namespace quanta::train
