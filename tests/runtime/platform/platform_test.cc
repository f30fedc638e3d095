// SPDX-License-Identifier: MIT
#include "runtime/platform/platform.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdint>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <string>

namespace quanta::platform {
namespace {

class MappedFileTest : public testing::Test {
 protected:
  MappedFileTest() {
    const auto* test = testing::UnitTest::GetInstance()->current_test_info();
    path_ = testing::TempDir() + "quanta_platform_" + test->name();
    std::remove(path_.c_str());
  }
  ~MappedFileTest() override {
    std::remove(path_.c_str());
    rmdir(path_.c_str());
  }

  void Write(const std::string& bytes) {
    std::FILE* file = std::fopen(path_.c_str(), "wb");
    ASSERT_NE(file, nullptr);
    std::fwrite(bytes.data(), 1, bytes.size(), file);
    std::fclose(file);
  }
  /// Opening must fail with `code` and a detail that has the path and `reason`.
  void ExpectError(Code code, const char* reason) {
    ErrorDetail detail;
    EXPECT_EQ(MappedFile::Open(path_.c_str(), &detail).status().code(), code);
    EXPECT_NE(std::strstr(detail.text(), path_.c_str()), nullptr) << detail.text();
    EXPECT_NE(std::strstr(detail.text(), reason), nullptr) << detail.text();
    EXPECT_EQ(MappedFile::Open(path_.c_str(), nullptr).status().code(), code);
  }

  std::string path_;
};

std::string Text(const MappedFile& file) {
  return {reinterpret_cast<const char*>(file.bytes().data()), file.bytes().size()};
}

TEST_F(MappedFileTest, HasTheFilesBytes) {
  std::string bytes(100'000, '\0');
  for (size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<char>(i * 7);
  Write(bytes);

  for (const Pages pages : {Pages::kSmall, Pages::kLarge}) {
    auto file = MappedFile::Open(path_.c_str(), nullptr, pages);

    ASSERT_TRUE(file.ok());
    EXPECT_EQ(Text(*file), bytes);
    EXPECT_EQ(reinterpret_cast<uintptr_t>(file->bytes().data()) % 64, 0u);
  }
}

TEST_F(MappedFileTest, MovesLeaveOneOwner) {
  Write("weights");
  auto opened = MappedFile::Open(path_.c_str(), nullptr);
  ASSERT_TRUE(opened.ok());
  MappedFile first = std::move(*opened);
  EXPECT_TRUE(opened->bytes().empty());
  MappedFile second;
  second = std::move(first);
  EXPECT_EQ(Text(second), "weights");
}

TEST_F(MappedFileTest, MissingFileIsNotFound) { ExpectError(Code::kNotFound, "no such file"); }

TEST_F(MappedFileTest, FileBelowAFileIsNotFound) {
  Write("x");
  path_ += "/below";
  ErrorDetail detail;
  EXPECT_EQ(MappedFile::Open(path_.c_str(), &detail).status().code(), Code::kNotFound);
  EXPECT_EQ(detail.text(), path_ + ": no such file; a part of its path is not a folder");
  path_.resize(path_.size() - std::strlen("/below"));
}

TEST_F(MappedFileTest, DirectoryIsNamedAsSuch) {
  ASSERT_EQ(mkdir(path_.c_str(), 0700), 0);
  ExpectError(Code::kIo, "is a directory");
}

TEST_F(MappedFileTest, EmptyFileIsCorrupt) {
  Write("");
  ExpectError(Code::kCorrupt, "an empty file; was it written or copied to its end?");
}

#ifndef __EMSCRIPTEN__
TEST_F(MappedFileTest, PipeIsRefusedWithoutWaitingForItsWriter) {
  ASSERT_EQ(mkfifo(path_.c_str(), 0600), 0);
  ExpectError(Code::kIo, "pipe");
}

TEST_F(MappedFileTest, ForbiddenFileSaysSo) {
  Write("x");
  ASSERT_EQ(chmod(path_.c_str(), 0), 0);
  // Root may read everything: look at it as somebody else.
  const uid_t user = geteuid();
  ASSERT_EQ(user == 0 ? seteuid(65534) : 0, 0);
  ExpectError(Code::kIo, "Permission denied");
  ASSERT_EQ(seteuid(user), 0);
}
#endif

void ExpectZeroedAlignedAndWritable(size_t bytes, Pages pages) {
  auto block = PageBlock::Create(bytes, nullptr, pages);
  ASSERT_TRUE(block.ok());
  ASSERT_EQ(block->bytes().size(), bytes);
  EXPECT_EQ(reinterpret_cast<uintptr_t>(block->bytes().data()) % 64, 0u);
  size_t not_zero = 0;
  for (std::byte& b : block->bytes()) {
    not_zero += b != std::byte{0} ? 1 : 0;
    b = std::byte{0xFF};
  }
  EXPECT_EQ(not_zero, 0u);
}

TEST(PageBlock, IsZeroedAlignedAndWritable) {
  for (const size_t bytes : {size_t{1}, size_t{64}, size_t{100'000}, size_t{5} << 20}) {
    for (const Pages pages : {Pages::kSmall, Pages::kLarge}) {
      SCOPED_TRACE(bytes);
      ExpectZeroedAlignedAndWritable(bytes, pages);
    }
  }
}

#if defined(__linux__) && defined(__x86_64__)  // qemu's user mode keeps such advice to itself
/// Whether the system was asked for large pages for the memory that `data` is in.
bool AskedForLargePages(const std::byte* data) {
  const auto address = reinterpret_cast<uintptr_t>(data);
  std::ifstream maps("/proc/self/smaps");
  bool inside = false;
  for (std::string line; std::getline(maps, line);) {
    unsigned long long begin = 0, end = 0;
    if (std::sscanf(line.c_str(), "%llx-%llx ", &begin, &end) == 2) {
      inside = begin <= address && address < end;
    }
    if (inside && line.starts_with("VmFlags:")) return line.find(" hg") != std::string::npos;
  }
  return false;
}

bool SystemHasLargePages() {
  return std::ifstream("/sys/kernel/mm/transparent_hugepage/enabled").good();
}

TEST_F(MappedFileTest, AsksForLargePagesWhereItIsToldToAndThereAreAny) {
  Write(std::string(size_t{5} << 20, 'x'));
  const auto small = MappedFile::Open(path_.c_str(), nullptr);
  const auto large = MappedFile::Open(path_.c_str(), nullptr, Pages::kLarge);
  ASSERT_TRUE(small.ok() && large.ok());
  EXPECT_FALSE(AskedForLargePages(small->bytes().data()));
  EXPECT_EQ(AskedForLargePages(large->bytes().data()), SystemHasLargePages());
}

TEST(PageBlock, AsksForLargePagesWhereItIsToldToAndThereAreAny) {
  const auto small = PageBlock::Create(size_t{5} << 20, nullptr);
  const auto large = PageBlock::Create(size_t{5} << 20, nullptr, Pages::kLarge);
  ASSERT_TRUE(small.ok() && large.ok());
  EXPECT_FALSE(AskedForLargePages(small->bytes().data()));
  EXPECT_EQ(AskedForLargePages(large->bytes().data()), SystemHasLargePages());
}
#endif

TEST(PageBlock, OfNoBytesIsEmpty) {
  auto block = PageBlock::Create(0, nullptr);
  ASSERT_TRUE(block.ok());
  EXPECT_TRUE(block->bytes().empty());
}

TEST(PageBlock, ThatCannotBeHadSaysHowMuchWasAskedFor) {
  for (const size_t bytes : {SIZE_MAX, SIZE_MAX / 2 - 4096}) {
    ErrorDetail detail;
    EXPECT_EQ(PageBlock::Create(bytes, &detail).status().code(), Code::kOutOfMemory);
    EXPECT_NE(std::strstr(detail.text(), std::to_string(bytes).c_str()), nullptr) << detail.text();
  }
}

TEST(PageBlock, MovesLeaveOneOwner) {
  auto created = PageBlock::Create(128, nullptr);
  ASSERT_TRUE(created.ok());
  const std::byte* data = created->bytes().data();
  PageBlock first = std::move(*created);
  EXPECT_TRUE(created->bytes().empty());
  PageBlock second;
  second = std::move(first);
  EXPECT_EQ(second.bytes().data(), data);
}

TEST(Now, DoesNotRunBackwards) {
  double before = Now();
  for (int i = 0; i < 1000; ++i) {
    const double now = Now();
    ASSERT_GE(now, before);
    before = now;
  }
}

TEST(PeakResidentBytes, GrowsWithWhatIsTouchedAndNeverShrinks) {
  const uint64_t before = PeakResidentBytes();
  if (before == 0) GTEST_SKIP() << "this system does not say";
  constexpr size_t kBytes = size_t{64} << 20;
  {
    ErrorDetail detail;
    auto block = PageBlock::Create(kBytes, &detail);
    ASSERT_TRUE(block.ok());
    std::memset(block->bytes().data(), 1, kBytes);
  }
  EXPECT_GE(PeakResidentBytes(), kBytes);
  EXPECT_GE(PeakResidentBytes(), before);
}

TEST(Platform, KnowsTheDate) {
  const LocalTime now = LocalNow();
  EXPECT_GE(now.year, 2024);
  EXPECT_TRUE(now.month >= 1 && now.month <= 12) << now.month;
  EXPECT_TRUE(now.day >= 1 && now.day <= 31) << now.day;
  EXPECT_TRUE(now.hour >= 0 && now.hour < 24) << now.hour;
}

}  // namespace
}  // namespace quanta::platform
