// SPDX-License-Identifier: MIT
#include "converter/writer/model_writer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <numeric>

#include "runtime/format/reader.h"
#include "runtime/platform/platform.h"
#include "tests/converter/writer/scratch_folder.h"
#include "tests/runtime/format/sample_model.h"

namespace quanta::writer {
namespace {

using format::SampleModel;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::UnorderedElementsAre;

constexpr WriterOptions kOptions = {.chunk_bytes = SampleModel::kChunkBytes};

class ModelWriterTest : public ScratchFolder {
 protected:
  ModelWriter Create(const WriterOptions& options = kOptions) {
    ErrorDetail detail;
    auto writer = ModelWriter::Create(Path("m.qfb"), &sample_.header, options, &detail);
    EXPECT_TRUE(writer.ok()) << detail.text();
    return std::move(writer).value();
  }

  /// Everything that Append wants, in pieces of `step` bytes that ignore the tensors.
  void AppendAll(ModelWriter& writer, size_t step) {
    std::vector<std::byte> all;
    for (const auto tensor : sample_.TensorData())
      all.insert(all.end(), tensor.begin(), tensor.end());
    for (std::span<const std::byte> rest = all; !rest.empty();) {
      const auto piece = rest.first(std::min(step, rest.size()));
      ErrorDetail detail;
      ASSERT_TRUE(writer.Append(piece, &detail).ok()) << detail.text();
      rest = rest.subspan(piece.size());
    }
  }

  /// Opens `path` and checks header, chunks and tensors against the sample.
  void ExpectSample(const std::string& path) {
    ErrorDetail detail;
    const auto mapped = platform::MappedFile::Open(path.c_str(), &detail);
    ASSERT_TRUE(mapped.ok()) << detail.text();
    const auto file = format::Read(mapped.value().bytes(), &detail);
    ASSERT_TRUE(file.ok()) << detail.text();
    const auto& header = file.value().header;
    for (size_t i = 0; i < header.chunk_hashes.size(); ++i) {
      EXPECT_TRUE(format::CheckChunk(file.value(), i, &detail).ok()) << detail.text();
    }
    const auto expected = sample_.TensorData();
    ASSERT_EQ(header.tensors.size(), expected.size());
    for (size_t i = 0; i < expected.size(); ++i) {
      const auto& tensor = header.tensors[i];
      EXPECT_EQ(tensor.name, sample_.header.tensors[i].name);
      const auto bytes = file.value().data.subspan(static_cast<size_t>(tensor.offset),
                                                   static_cast<size_t>(tensor.bytes));
      EXPECT_EQ(Text(bytes), Text(expected[i]));
    }
  }

  SampleModel sample_;
};

TEST_F(ModelWriterTest, WritesTheSameFileHoweverTheDataIsCut) {
  std::set<std::string> files;
  for (const size_t step : {1u, 7u, 64u, 4096u, 1u << 20}) {
    ModelWriter writer = Create();
    AppendAll(writer, step);
    ErrorDetail detail;
    ASSERT_TRUE(writer.Finish(&detail).ok()) << detail.text();
    ExpectSample(Path("m.qfb"));
    files.insert(Read("m.qfb"));
  }
  EXPECT_EQ(files.size(), 1u);
  EXPECT_THAT(Files(), UnorderedElementsAre("m.qfb"));
}

TEST_F(ModelWriterTest, WritesWhatBuildModelBuilds) {
  ModelWriter writer = Create({.chunk_bytes = SampleModel::kChunkBytes, .header_slack = 0});
  AppendAll(writer, 1000);
  ASSERT_TRUE(writer.Finish(nullptr).ok());
  const auto built =
      BuildModel(&sample_.header, sample_.TensorData(), nullptr, SampleModel::kChunkBytes);
  ASSERT_TRUE(built.ok());
  EXPECT_EQ(Read("m.qfb"), Text(built.value()));
}

TEST_F(ModelWriterTest, TakesErrorsAndSelfTestUpToTheEnd) {
  const auto self_test = std::exchange(sample_.header.self_test, {});
  ModelWriter writer = Create();
  AppendAll(writer, 5000);
  ASSERT_TRUE(writer.WriteDraft(nullptr).ok());
  ExpectSample(writer.temporary_path());
  sample_.header.self_test = self_test;
  sample_.header.tensors[3].error_max = 0.75f;
  ASSERT_TRUE(writer.Finish(nullptr).ok());
  ExpectSample(Path("m.qfb"));

  const auto mapped = platform::MappedFile::Open(Path("m.qfb").c_str(), nullptr);
  const auto file = format::Read(mapped.value().bytes(), nullptr);
  EXPECT_EQ(file.value().header.self_test.prompt, self_test.prompt);
  EXPECT_EQ(file.value().header.tensors[3].error_max, 0.75f);
}

TEST_F(ModelWriterTest, KnowsTheSizeOfTheFileInAdvance) {
  ModelWriter writer = Create();
  const uint64_t size = writer.file_bytes();
  EXPECT_EQ(writer.appended_bytes(), 0u);
  AppendAll(writer, 5000);
  EXPECT_EQ(writer.appended_bytes(), sample_.header.data_bytes);
  ASSERT_TRUE(writer.Finish(nullptr).ok());
  EXPECT_EQ(std::filesystem::file_size(Path("m.qfb")), size);
}

TEST_F(ModelWriterTest, LeavesNothingWhenAbandoned) {
  Write("m.qfb", "old");
  {
    ModelWriter writer = Create();
    AppendAll(writer, 5000);
    ASSERT_TRUE(writer.WriteDraft(nullptr).ok());
  }
  EXPECT_EQ(Read("m.qfb"), "old");
  EXPECT_THAT(Files(), UnorderedElementsAre("m.qfb"));
}

TEST_F(ModelWriterTest, RefusesTooLittleAndTooMuchData) {
  ModelWriter writer = Create();
  ErrorDetail detail;
  EXPECT_EQ(writer.Finish(&detail).code(), Code::kInvalidArgument);
  EXPECT_THAT(detail.text(), HasSubstr("0 bytes of"));
  AppendAll(writer, 5000);
  const std::byte more[3] = {};
  EXPECT_EQ(writer.Append(more, &detail).code(), Code::kInvalidArgument);
  EXPECT_THAT(detail.text(), HasSubstr("3 bytes too many"));
}

TEST_F(ModelWriterTest, RefusesAHeaderThatOutgrowsItsRoom) {
  ModelWriter writer = Create();
  AppendAll(writer, 5000);
  const std::string license(kOptions.header_slack + 1000, 'x');
  sample_.header.provenance.license = license;
  ErrorDetail detail;
  EXPECT_EQ(writer.Finish(&detail).code(), Code::kLimit);
}

TEST_F(ModelWriterTest, NeverFinishesAFileThatTheReaderWouldRefuse) {
  sample_.header.architecture.heads = 0;
  {
    ModelWriter writer = Create();
    AppendAll(writer, 5000);
    ErrorDetail detail;
    EXPECT_EQ(writer.Finish(&detail).code(), Code::kCorrupt);
    EXPECT_THAT(detail.text(), HasSubstr("heads is 0"));
  }
  EXPECT_THAT(Files(), IsEmpty());
}

TEST_F(ModelWriterTest, ReportsAFullDeviceBeforeItWritesAnything) {
  sample_.header.tensors[0].rows = 1u << 26;
  sample_.header.tensors[0].columns = 1u << 19;
  ErrorDetail detail;
  const auto writer = ModelWriter::Create(Path("m.qfb"), &sample_.header,
                                          {.chunk_bytes = format::kMaxChunkBytes}, &detail);
  EXPECT_EQ(writer.status().code(), Code::kNoSpace);
  EXPECT_THAT(detail.text(), HasSubstr("bytes needed"));
  EXPECT_THAT(Files(), IsEmpty());
}

TEST_F(ModelWriterTest, RefusesEmptyTensorsAndOddChunks) {
  for (const uint32_t chunk_bytes : {0u, 100u, UINT32_MAX}) {
    EXPECT_EQ(
        ModelWriter::Create(Path("m.qfb"), &sample_.header, {.chunk_bytes = chunk_bytes}, nullptr)
            .status()
            .code(),
        Code::kInvalidArgument);
  }
  sample_.header.tensors[2].rows = 0;
  ErrorDetail detail;
  EXPECT_EQ(ModelWriter::Create(Path("m.qfb"), &sample_.header, kOptions, &detail).status().code(),
            Code::kInvalidArgument);
  EXPECT_THAT(detail.text(), HasSubstr("source.head"));
}

TEST_F(ModelWriterTest, RefusesATableOfHashesThatNoReaderWouldTake) {
  sample_.header.tensors[0].rows = sample_.header.tensors[0].columns = 1u << 24;
  ErrorDetail detail;
  EXPECT_EQ(ModelWriter::Create(Path("m.qfb"), &sample_.header, kOptions, &detail).status().code(),
            Code::kInvalidArgument);
  EXPECT_THAT(detail.text(), HasSubstr("in chunks of 4096"));
}

TEST_F(ModelWriterTest, WriteModelWritesAllAtOnce) {
  ErrorDetail detail;
  ASSERT_TRUE(WriteModel(Path("m.qfb"), &sample_.header, sample_.TensorData(), &detail).ok())
      << detail.text();
  ExpectSample(Path("m.qfb"));
}

TEST_F(ModelWriterTest, BuildModelRefusesTensorsOfOtherSizes) {
  auto tensors = sample_.TensorData();
  tensors[4] = tensors[4].first(4);
  ErrorDetail detail;
  EXPECT_EQ(BuildModel(&sample_.header, tensors, &detail).status().code(), Code::kInvalidArgument);
  EXPECT_THAT(detail.text(), HasSubstr("source.final_norm.-1: 4 bytes, expected 32"));
  tensors.pop_back();
  EXPECT_FALSE(BuildModel(&sample_.header, tensors, &detail).ok());
}

}  // namespace
}  // namespace quanta::writer
