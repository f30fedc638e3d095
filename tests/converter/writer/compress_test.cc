// SPDX-License-Identifier: MIT
#include "converter/writer/compress.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>

#include "converter/writer/build_model.h"
#include "runtime/format/transport.h"
#include "tests/converter/writer/scratch_folder.h"
#include "tests/runtime/format/sample_model.h"

namespace quanta::writer {
namespace {

using format::SampleModel;
using testing::HasSubstr;
using testing::UnorderedElementsAre;

class CompressTest : public ScratchFolder {
 protected:
  CompressTest() { Write("m.qfb", sample_.File().bytes()); }

  void Compress() {
    ErrorDetail detail;
    ASSERT_TRUE(CompressFile(Path("m.qfb"), Path("m.qfb.zst"), kDefaultLevel, &detail).ok())
        << detail.text();
  }

  SampleModel sample_;
};

TEST_F(CompressTest, TheRuntimeRestoresTheFileByteForByte) {
  Compress();
  const std::string bytes = Read("m.qfb.zst");
  const auto compressed = std::as_bytes(std::span(bytes));
  ASSERT_TRUE(format::IsCompressed(compressed));
  AlignedBuffer restored(static_cast<size_t>(format::RestoredBytes(compressed, nullptr).value()));
  ErrorDetail detail;
  ASSERT_TRUE(format::Restore(compressed, restored.bytes(), &detail).ok()) << detail.text();
  EXPECT_EQ(Text(restored.bytes()), Read("m.qfb"));
}

TEST_F(CompressTest, TheZstdProgramRestoresTheFileByteForByte) {
  Compress();
  const std::string command =
      QUANTA_ZSTD " -dq " + Path("m.qfb.zst") + " -o " + Path("restored.qfb");
  ASSERT_EQ(std::system(command.c_str()), 0);
  EXPECT_EQ(Read("restored.qfb"), Read("m.qfb"));
}

TEST_F(CompressTest, DecompressFileIsTheInverse) {
  Compress();
  ErrorDetail detail;
  ASSERT_TRUE(DecompressFile(Path("m.qfb.zst"), Path("back.qfb"), &detail).ok()) << detail.text();
  EXPECT_EQ(Read("back.qfb"), Read("m.qfb"));
  EXPECT_THAT(Files(), UnorderedElementsAre("m.qfb", "m.qfb.zst", "back.qfb"));
}

TEST_F(CompressTest, RefusesWhatIsCompressedAlreadyOrNotAtAll) {
  Compress();
  EXPECT_EQ(CompressFile(Path("m.qfb.zst"), Path("x"), 3, nullptr).code(), Code::kInvalidArgument);
  EXPECT_EQ(DecompressFile(Path("m.qfb"), Path("x"), nullptr).code(), Code::kInvalidArgument);
  EXPECT_EQ(CompressFile(Path("m.qfb"), Path("x"), 0, nullptr).code(), Code::kInvalidArgument);
  EXPECT_EQ(CompressFile(Path("m.qfb"), Path("x"), 20, nullptr).code(), Code::kInvalidArgument);
  EXPECT_FALSE(std::filesystem::exists(Path("x")));
}

TEST_F(CompressTest, ADamagedModelIsNeitherCompressedNorRestored) {
  Compress();
  std::string bytes = Read("m.qfb");
  bytes.back() = static_cast<char>(bytes.back() ^ 1);
  Write("bad.qfb", bytes);
  EXPECT_EQ(CompressFile(Path("bad.qfb"), Path("x"), 3, nullptr).code(), Code::kUnverified);

  bytes = Read("m.qfb.zst");
  Write("cut.zst", bytes.substr(0, bytes.size() - 10));
  ErrorDetail detail;
  EXPECT_EQ(DecompressFile(Path("cut.zst"), Path("x"), &detail).code(), Code::kCorrupt);
  EXPECT_THAT(detail.text(), HasSubstr("truncated"));
  for (size_t at = 12; at < bytes.size(); at += 211) {
    std::string flipped = bytes;
    flipped[at] = static_cast<char>(flipped[at] ^ 4);
    Write("flipped.zst", flipped);
    EXPECT_FALSE(DecompressFile(Path("flipped.zst"), Path("x"), nullptr).ok()) << at;
  }
  EXPECT_FALSE(std::filesystem::exists(Path("x")));
}

}  // namespace
}  // namespace quanta::writer
