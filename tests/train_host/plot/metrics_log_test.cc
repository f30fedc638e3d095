// SPDX-License-Identifier: MIT
#include "train_host/plot/metrics_log.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <string>

#include "tests/converter/error_matchers.h"
#include "tests/train_host/temp_folder.h"

namespace quanta::train {
namespace {

using testing::TempFolder;

constexpr const char* kTwoSteps =
    "{\"step\":1,\"loss\":5.5,\"lr\":0.001,\"grad_norm\":2,\"tokens\":64,"
    "\"tokens_per_second\":1000}\n"
    "{\"step\":1,\"eval_loss\":5.0,\"eval_perplexity\":148.4}\n"
    "{\"step\":2,\"sample\":\"text\"}\n\n"
    "{\"step\":2,\"loss\":4.5,\"lr\":0.002}\n";

TEST(ReadMetrics, TakesTheKeysItKnowsWithTheirSteps) {
  const TempFolder folder;
  const MetricsLog log = ReadMetrics(folder.Write("m.jsonl", kTwoSteps));
  ASSERT_EQ(log.loss.size(), 2u);
  EXPECT_EQ(log.loss[1].step, 2);
  EXPECT_EQ(log.loss[1].value, 4.5);
  ASSERT_EQ(log.eval_loss.size(), 1u);
  EXPECT_EQ(log.eval_loss[0].value, 5);
  EXPECT_EQ(log.lr.size(), 2u);
  EXPECT_EQ(log.grad_norm.size(), 1u);
  EXPECT_EQ(log.tokens_per_second.size(), 1u);
  EXPECT_EQ(log.note, "");
  EXPECT_EQ(log.name, "m.jsonl");
}

TEST(ReadMetrics, FindsTheFileOfARunsFolderAndNamesTheRun) {
  const TempFolder folder;
  std::filesystem::create_directory(folder.File("first"));
  folder.Write("first/metrics.jsonl", kTwoSteps);
  EXPECT_EQ(ReadMetrics(folder.File("first")).name, "first");
  EXPECT_EQ(ReadMetrics(folder.File("first/metrics.jsonl")).name, "first");
}

TEST(ReadMetrics, LeavesOutALastLineThatIsCutOffWithANote) {
  const TempFolder folder;
  const std::string whole = kTwoSteps;
  const std::string next = "{\"step\":3,\"loss\":4.25}";
  for (size_t size = 1; size < next.size(); ++size) {
    const auto path = folder.Write("m.jsonl", whole + next.substr(0, size));
    const MetricsLog log = ReadMetrics(path);
    EXPECT_EQ(log.loss.size(), 2u) << size;
    EXPECT_EQ(log.note, path + ":6: the last line is cut off: left out") << size;
  }
  // Whole but for its end.
  const MetricsLog log = ReadMetrics(folder.Write("m.jsonl", whole + next));
  EXPECT_EQ(log.loss.size(), 3u);
  EXPECT_EQ(log.note, "");
}

TEST(ReadMetrics, NamesAnyOtherLineThatIsWrong) {
  const TempFolder folder;
  const auto at = [&](const std::string& line) {
    return folder.Write("m.jsonl", kTwoSteps + line + "\n" + kTwoSteps);
  };
  EXPECT_ERROR(ReadMetrics(at("{\"step\":3,\"lo")), "m.jsonl:6: ");
  EXPECT_ERROR(ReadMetrics(at("[3]")), "m.jsonl:6: there is no object with a 'step'");
  EXPECT_ERROR(ReadMetrics(at("{\"loss\":3}")), "is this the metrics.jsonl of quanta-train?");
  EXPECT_ERROR(ReadMetrics(at("{\"step\":\"3\",\"loss\":3}")), "m.jsonl:6: ");
  EXPECT_ERROR(ReadMetrics(at("{\"step\":3,\"loss\":\"low\"}")),
               "m.jsonl:6: 'loss' is not a number");
  // A last line that has its end was not cut off.
  EXPECT_ERROR(ReadMetrics(folder.Write("m.jsonl", "{\"step\":1,\"loss\":2}\n{\"st\n")),
               "m.jsonl:2: ");
}

TEST(ReadMetrics, SkipsValuesThatAreNoNumbersAnyMore) {
  const TempFolder folder;
  const MetricsLog log = ReadMetrics(folder.Write(
      "m.jsonl", "{\"step\":1,\"loss\":2}\n{\"step\":2,\"loss\":null}\n{\"step\":3,\"loss\":3}\n"));
  ASSERT_EQ(log.loss.size(), 2u);
  EXPECT_EQ(log.loss[1].step, 3);
}

TEST(ReadMetrics, RefusesAFileWithNothingToDraw) {
  const TempFolder folder;
  EXPECT_ERROR(ReadMetrics(folder.Write("m.jsonl", "")), "m.jsonl: there is no 'loss' to draw");
  EXPECT_ERROR(ReadMetrics(folder.Write("m.jsonl", "{\"step\":1}\n")), "no 'loss'");
  EXPECT_ERROR(ReadMetrics(folder.Write("m.jsonl", "{\"step\":1,\"l")), "no 'loss'");
  EXPECT_ERROR(ReadMetrics(folder.File("none.jsonl")), "none.jsonl");
  EXPECT_ERROR(ReadMetrics(folder.File("")), "metrics.jsonl");
}

}  // namespace
}  // namespace quanta::train
