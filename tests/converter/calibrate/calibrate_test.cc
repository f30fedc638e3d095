// SPDX-License-Identifier: MIT
#include "converter/calibrate/calibrate.h"

#include <gtest/gtest.h>

#include <filesystem>

#include "converter/calibrate/text.h"
#include "converter/readers/reader.h"
#include "runtime/core/thread_pool.h"
#include "tests/converter/checkpoint_builder.h"
#include "tests/converter/error_matchers.h"

namespace quanta::converter {
namespace {

using format::Panel;
using format::Role;
using testing::TempFolder;
using testing::WriteFile;

std::string Fixture(const std::string& name) { return QUANTA_TEST_DATA "/hf/" + name; }

/// Text with some order in it.
std::string SomeText(size_t words) {
  static constexpr const char* kWords[] = {"the", "river", "ran",  "down", "to",   "a",
                                           "sea", "and",   "then", "we",   "slept"};
  std::string text;
  for (size_t i = 0; i < words; ++i) text += std::string(kWords[(i * i + i / 7) % 11]) + " ";
  return text;
}

struct Source {
  explicit Source(const std::string& name) : checkpoint(OpenCheckpoint(Fixture(name), {})) {
    tokenizer = checkpoint->tokenizer(checkpoint->architecture.vocab);
    for (const SourceTensor& tensor : checkpoint->tensors) {
      panels.push_back(tensor.matrix ? Panel::kQ4 : Panel::kF32);
    }
  }
  CalibratedModel Run(const CalibrationOptions& options) {
    Progress quiet(Progress::Style::kNone, nullptr, nullptr);
    return Calibrate(std::move(checkpoint), tokenizer, panels, options, &quiet);
  }
  std::unique_ptr<Checkpoint> checkpoint;
  TokenizerTables tokenizer;
  std::vector<Panel> panels;
};

TEST(Calibrate, MakesEveryMatrixThatMultipliesBetterThanRoundingDoes) {
  const TempFolder folder;
  const std::string text = folder.File("text");
  WriteFile(text, SomeText(2000));
  // An own head; a tied one, windows, norms on both sides, a scaled embedding; biases.
  for (const char* name : {"llama_untied", "gemma3_text", "qwen2"}) {
    Source source(name);
    std::vector<size_t> expected;
    const bool tied = !source.checkpoint->Find(Role::kHead);
    for (size_t i = 0; i < source.panels.size(); ++i) {
      const Role role = source.checkpoint->tensors[i].role;
      if (source.panels[i] == Panel::kQ4 && (tied || role != Role::kEmbedding)) {
        expected.push_back(i);
      }
    }
    const CalibratedModel model = source.Run({.text = text, .length = 64, .sequences = 4});
    EXPECT_EQ(model.sequences, 4u);
    std::vector<size_t> matrices;
    for (const auto& [index, matrix] : model.matrices) {
      matrices.push_back(index);
      EXPECT_GT(matrix.output_error, 0) << name << " " << index;
      EXPECT_LT(matrix.output_error, 0.9 * matrix.rounding_error) << name << " " << index;
    }
    EXPECT_EQ(matrices, expected) << name;
  }
}

TEST(Calibrate, GivesTheSameBytesForAnyThreadCount) {
  ThreadPool::Process().Reserve(3);
  const TempFolder folder;
  const std::string text = folder.File("text");
  WriteFile(text, SomeText(1000));
  std::vector<CalibratedModel> models;
  for (const int threads : {1, 2, 3}) {
    models.push_back(
        Source("llama_tied").Run({.text = text, .length = 64, .sequences = 3, .threads = threads}));
  }
  for (const CalibratedModel& other : models) {
    ASSERT_EQ(other.matrices.size(), models[0].matrices.size());
    for (const auto& [index, matrix] : models[0].matrices) {
      EXPECT_EQ(other.matrices.at(index).panels, matrix.panels) << index;
    }
  }
}

TEST(Calibrate, LeavesMatricesOfOtherSchemesAlone) {
  const TempFolder folder;
  const std::string text = folder.File("text");
  WriteFile(text, SomeText(1000));
  Source source("llama_untied");
  size_t only = 0;
  for (size_t i = 0; i < source.panels.size(); ++i) {
    const SourceTensor& tensor = source.checkpoint->tensors[i];
    if (!tensor.matrix) continue;
    const bool mine = tensor.role == Role::kDown && tensor.layer == 1;
    source.panels[i] = mine ? Panel::kQ4 : Panel::kQ8;
    if (mine) only = i;
  }
  const CalibratedModel model = source.Run({.text = text, .length = 64});
  ASSERT_EQ(model.matrices.size(), 1u);
  EXPECT_EQ(model.matrices.begin()->first, only);
}

TEST(Calibrate, RefusesWhenNoMatrixIsQ4) {
  Source source("llama_untied");
  for (Panel& panel : source.panels) panel = panel == Panel::kQ4 ? Panel::kQ8 : panel;
  source.panels[source.checkpoint->Find(Role::kEmbedding).value()] = Panel::kQ4;  // looked up only
  EXPECT_ERROR(source.Run({.text = "no such file"}),
               "--calibrate has nothing to do: no matrix that multiplies is stored as q4; it goes "
               "with --quant q4");
}

TEST(Calibrate, SaysThatAModelComputesNoNumbers) {
  const TempFolder folder;
  WriteFile(folder.File("text"), SomeText(1000));
  Source source("llama_untied");
  SourceTensor& norm = source.checkpoint->tensors[source.checkpoint->Find(Role::kFfnNorm).value()];
  norm.source = Transformed(norm.source, norm.columns, [](std::span<float> values) {
    values[3] = std::numeric_limits<float>::infinity();
  });
  EXPECT_ERROR(source.Run({.text = folder.File("text"), .length = 64}),
               "the model computes numbers that are not finite");
}

TEST(Calibrate, StopsWhenAskedTo) {
  const TempFolder folder;
  WriteFile(folder.File("text"), SomeText(1000));
  Source source("llama_untied");
  const std::atomic<bool> stop{true};
  Progress progress(Progress::Style::kNone, nullptr, &stop);
  EXPECT_ERROR(Calibrate(std::move(source.checkpoint), source.tokenizer, source.panels,
                         {.text = folder.File("text"), .length = 64}, &progress),
               "interrupted");
}

class CalibrationText : public ::testing::Test {
 protected:
  std::vector<std::vector<int32_t>> Read(const std::string& text, size_t length, size_t count) {
    WriteFile(folder_.File("text"), text);
    return ReadCalibrationText(folder_.File("text"), source_.tokenizer, length, count);
  }
  TempFolder folder_;
  Source source_{"llama_untied"};
};

TEST_F(CalibrationText, IsReadInSequencesFromItsStartToItsEnd) {
  source_.tokenizer.prefix_ids = {};
  const auto whole = Read(SomeText(300), 1, 100000);
  const auto parts = Read(SomeText(300), 10, 3);
  ASSERT_EQ(parts.size(), 3u);
  for (size_t i = 0; i < 10; ++i) {
    EXPECT_EQ(parts[0][i], whole[i][0]);
    EXPECT_EQ(parts[1][i], whole[(whole.size() - 10) / 2 + i][0]);
    EXPECT_EQ(parts[2][i], whole[whole.size() - 10 + i][0]);
  }
}

TEST_F(CalibrationText, EachSequenceBeginsAsATextDoes) {
  source_.tokenizer.prefix_ids = {7, 8};
  for (const auto& sequence : Read(SomeText(300), 10, 5)) {
    ASSERT_EQ(sequence.size(), 10u);
    EXPECT_EQ(sequence[0], 7);
    EXPECT_EQ(sequence[1], 8);
    EXPECT_NE(sequence[2], 7);
  }
}

TEST_F(CalibrationText, SaysWhatIsWrongWithIt) {
  EXPECT_ERROR(ReadCalibrationText(folder_.File("none"), source_.tokenizer, 10, 1), "none: ");
  EXPECT_ERROR(ReadCalibrationText(folder_.path(), source_.tokenizer, 10, 1), folder_.path());
  EXPECT_ERROR(Read("", 10, 1), "text: ");
  EXPECT_ERROR(Read("good so far\xff and on", 10, 1),
               "text: byte 11 is not UTF-8; --calibrate needs a text");
  EXPECT_ERROR(Read("short", 512, 1), "text: the text is too short: it has ");
  EXPECT_ERROR(Read("short", 512, 1), " tokens; at least 51");
}

TEST_F(CalibrationText, OfAVeryLongOneTheFirstMebibytesCount) {
  WriteFile(folder_.File("text"), SomeText(100));
  // Zeros from there on, which take no room on disk; what is beyond the limit is not looked at.
  std::filesystem::resize_file(folder_.File("text"), uint64_t{1} << 40);
  EXPECT_NO_THROW(ReadCalibrationText(folder_.File("text"), source_.tokenizer, 10, 1));
}

}  // namespace
}  // namespace quanta::converter
