// SPDX-License-Identifier: MIT
//
// The program quanta-train, run as a user runs it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <string>
#include <vector>

#include "converter/json.h"
#include "converter/tokenizer/tokenizer_json.h"
#include "tests/runtime/cli/child.h"
#include "tests/train_host/temp_folder.h"

namespace quanta::train {
namespace {

namespace fs = std::filesystem;
using cli::Outcome;
using ::testing::HasSubstr;

const std::string kCorpus = QUANTA_TEST_DATA "/bpe/corpus.txt";

class Program : public ::testing::Test {
 protected:
  static Outcome Run(const std::vector<std::string>& arguments) {
    return cli::RunProgramFile(QUANTA_PROGRAM, arguments);
  }

  /// Expects that exit code, one line on stderr with `text` in it, and nothing on stdout.
  static void ExpectFailure(const std::vector<std::string>& arguments, int exit_code,
                            const std::string& text) {
    const Outcome outcome = Run(arguments);
    EXPECT_EQ(outcome.exit_code, exit_code) << outcome.err;
    EXPECT_THAT(outcome.err, HasSubstr(text));
    EXPECT_TRUE(outcome.err.starts_with("quanta-train: ")) << outcome.err;
    EXPECT_EQ(std::count(outcome.err.begin(), outcome.err.end(), '\n'), 1) << outcome.err;
    EXPECT_EQ(outcome.out, "");
  }

  testing::TempFolder folder_;
};

TEST_F(Program, HelpListsTheCommandsAndEachHasItsOwn) {
  const Outcome help = Run({"--help"});
  EXPECT_EQ(help.exit_code, 0);
  EXPECT_THAT(help.out, HasSubstr("tokenizer"));
  const Outcome command = Run({"tokenizer", "--help"});
  EXPECT_EQ(command.exit_code, 0);
  EXPECT_THAT(command.out, HasSubstr("quanta-train tokenizer"));
  EXPECT_THAT(command.out, HasSubstr("--vocab"));
  EXPECT_THAT(Run({"--version"}).out, ::testing::StartsWith("quanta-train "));
  const bool alone = help.out.find("Several processes: not in this build") != std::string::npos;
  EXPECT_THAT(Run({"--version"}).out, HasSubstr(alone ? "(without MPI)" : "MPI"));
  EXPECT_THAT(help.out, HasSubstr("Several processes: "));
}

TEST_F(Program, SaysWhatIsWrongWithACommandLine) {
  ExpectFailure({}, 2, "no command; see quanta-train --help");
  ExpectFailure({"fly"}, 2, "there is no command 'fly'");
  ExpectFailure({"tokenizer"}, 2, "see quanta-train tokenizer --help");
  ExpectFailure({"tokenizer", kCorpus}, 2, "--output");
  ExpectFailure({"tokenizer", kCorpus, "-o", folder_.File("t"), "--vocab", "many"}, 2, "--vocab");
  ExpectFailure({"tokenizer", kCorpus, "-o", folder_.File("t"), "--vocab", "10"}, 2, "too small");
  ExpectFailure({"tokenizer", kCorpus, "-o", folder_.File("t"), "--threads", "0"}, 2, "--threads");
  EXPECT_FALSE(fs::exists(folder_.File("t")));
}

TEST_F(Program, MakesATokenizerThatTheConverterReads) {
  const Outcome outcome = Run({"tokenizer", kCorpus, "-o", folder_.File("new/t"), "--vocab", "500",
                               "--bos", "<s>", "--special", "<|user|>"});
  EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
  EXPECT_THAT(outcome.out, HasSubstr("500 tokens (3 special, 256 bytes, 241 merges)"));
  ErrorDetail detail;
  const auto tables = converter::ReadTokenizerFolder(folder_.File("new/t"), 500, &detail);
  ASSERT_TRUE(tables.ok()) << detail.text();
  EXPECT_EQ(tables->stop_ids, std::vector<int32_t>{0});
  EXPECT_EQ(tables->bos_id, 1);
  ASSERT_EQ(tables->added.size(), 3u);
  EXPECT_EQ(tables->added[2].content, "<|user|>");
}

TEST_F(Program, OneTokenMayBothBeginAndEndATextOrNoneDoes) {
  EXPECT_EQ(Run({"tokenizer", kCorpus, "-o", folder_.File("same"), "--vocab", "300", "--bos",
                 "<|endoftext|>"})
                .exit_code,
            0);
  const auto same = converter::ReadTokenizerFolder(folder_.File("same"), 300, nullptr).value();
  EXPECT_EQ(same.bos_id, 0);
  EXPECT_EQ(same.stop_ids, std::vector<int32_t>{0});
  EXPECT_EQ(same.added.size(), 1u);
  EXPECT_EQ(Run({"tokenizer", kCorpus, "-o", folder_.File("none"), "--vocab", "300", "--eos", ""})
                .exit_code,
            0);
  const auto none = converter::ReadTokenizerFolder(folder_.File("none"), 300, nullptr).value();
  EXPECT_TRUE(none.added.empty());
  EXPECT_TRUE(none.stop_ids.empty());
}

TEST_F(Program, SaysWhenTheTextsHaveNothingMoreToMerge) {
  const std::string path = folder_.Write("a.txt", "ab ab");
  const Outcome outcome = Run({"tokenizer", path, "-o", folder_.File("t"), "--vocab", "300"});
  EXPECT_EQ(outcome.exit_code, 0);
  EXPECT_THAT(outcome.out, HasSubstr("258 tokens"));
  EXPECT_THAT(outcome.out, HasSubstr("fewer than the 300 asked for"));
}

TEST_F(Program, ReportsAsJson) {
  const Outcome outcome =
      Run({"tokenizer", kCorpus, "-o", folder_.File("t"), "--vocab", "400", "--json"});
  const converter::Json json = converter::ParseJson(outcome.out, "report");
  EXPECT_EQ(json["vocabulary"], 400);
  EXPECT_EQ(json["merges"], 143);
  EXPECT_EQ(json["bytes"], fs::file_size(kCorpus));
}

TEST_F(Program, ReplacesATokenizerOnlyIfToldTo) {
  const std::string out = folder_.File("t");
  EXPECT_EQ(Run({"tokenizer", kCorpus, "-o", out, "--vocab", "300", "-q"}).out, "");
  const std::string before = folder_.Read("t/tokenizer.json");
  ExpectFailure({"tokenizer", kCorpus, "-o", out, "--vocab", "400"}, 2, "--force replaces it");
  EXPECT_EQ(folder_.Read("t/tokenizer.json"), before);
  EXPECT_EQ(Run({"tokenizer", kCorpus, "-o", out, "--vocab", "400", "--force"}).exit_code, 0);
  EXPECT_NE(folder_.Read("t/tokenizer.json"), before);
}

TEST_F(Program, BadTextsLeaveNothingBehind) {
  const std::string out = folder_.File("t");
  ExpectFailure({"tokenizer", folder_.File("none.txt"), "-o", out}, 1, "none.txt");
  ExpectFailure({"tokenizer", folder_.Write("e.txt", ""), "-o", out}, 3, "there is no text");
  ExpectFailure({"tokenizer", folder_.Write("b.txt", "a\n\xFF"), "-o", out}, 3,
                "is not UTF-8: byte 0xFF in line 2");
  EXPECT_FALSE(fs::exists(out));
}

TEST_F(Program, PlotsARunOnTheTerminalAndAsSvg) {
  const std::string metrics =
      folder_.Write("m.jsonl", "{\"step\":1,\"loss\":3}\n{\"step\":2,\"loss\":2}\n{\"st");
  const Outcome shown = Run({"plot", metrics, "--width", "50"});
  EXPECT_EQ(shown.exit_code, 0);
  EXPECT_THAT(shown.out, HasSubstr("loss"));
  EXPECT_EQ(shown.err, "quanta-train: " + metrics + ":3: the last line is cut off: left out\n");
  const Outcome written = Run({"plot", metrics, "-o", folder_.File("p.svg"), "--title", "a run"});
  EXPECT_EQ(written.exit_code, 0);
  EXPECT_EQ(written.out, "");
  EXPECT_THAT(folder_.Read("p.svg"), HasSubstr(">a run</text>"));
}

TEST_F(Program, SaysWhyARunCannotBePlotted) {
  ExpectFailure({"plot"}, 2, "see quanta-train plot --help");
  ExpectFailure({"plot", folder_.File("none")}, 1, "none");
  ExpectFailure({"plot", folder_.Write("m.jsonl", "text\n")}, 3, "m.jsonl:1: ");
  const std::string good = folder_.Write("g.jsonl", "{\"step\":1,\"loss\":3}\n");
  ExpectFailure({"plot", good, "-o", folder_.File("none/p.svg")}, 1, "none/p.svg");
  ExpectFailure({"plot", good, "--width", "5"}, 2, "--width");
}

TEST_F(Program, AFolderThatCannotBeMadeIsAnError) {
  const std::string file = folder_.Write("file", "x");
  ExpectFailure({"tokenizer", kCorpus, "-o", file + "/t", "--vocab", "300"}, 1, "cannot be made");
}

}  // namespace
}  // namespace quanta::train
