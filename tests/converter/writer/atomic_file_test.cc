// SPDX-License-Identifier: MIT
#include "converter/writer/atomic_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <csignal>

#include "tests/converter/writer/scratch_folder.h"

namespace quanta::writer {
namespace {

using testing::HasSubstr;
using testing::StartsWith;
using testing::UnorderedElementsAre;

std::span<const std::byte> Bytes(std::string_view text) { return std::as_bytes(std::span(text)); }

class AtomicFileTest : public ScratchFolder {
 protected:
  AtomicFile Create(const std::string& name) {
    ErrorDetail detail;
    auto file = AtomicFile::Create(Path(name), &detail);
    EXPECT_TRUE(file.ok()) << detail.text();
    return std::move(file).value();
  }
};

TEST_F(AtomicFileTest, AppearsOnCommitUnderItsNameOnly) {
  AtomicFile file = Create("a.qfb");
  ASSERT_TRUE(file.Write(Bytes("hello"), nullptr).ok());
  ASSERT_TRUE(file.WriteAt(1, Bytes("E"), nullptr).ok());
  EXPECT_FALSE(std::filesystem::exists(Path("a.qfb")));
  EXPECT_THAT(file.temporary_path(), StartsWith(Path(".a.qfb.")));
  ASSERT_TRUE(file.Commit(nullptr).ok());
  EXPECT_EQ(Read("a.qfb"), "hEllo");
  EXPECT_THAT(Files(), UnorderedElementsAre("a.qfb"));
  EXPECT_EQ(file.temporary_path(), "");
}

TEST_F(AtomicFileTest, LeavesTheOldFileAndNothingElseWhenAbandoned) {
  Write("a.qfb", "old");
  {
    AtomicFile file = Create("a.qfb");
    ASSERT_TRUE(file.Write(Bytes("new"), nullptr).ok());
    EXPECT_EQ(Files().size(), 2u);
  }
  EXPECT_EQ(Read("a.qfb"), "old");
  EXPECT_THAT(Files(), UnorderedElementsAre("a.qfb"));
}

TEST_F(AtomicFileTest, MovesWithoutLosingItsTemporaryFile) {
  AtomicFile file = Create("a");
  AtomicFile moved = std::move(file);
  file = Create("b");
  ASSERT_TRUE(moved.Write(Bytes("1"), nullptr).ok());
  ASSERT_TRUE(moved.Commit(nullptr).ok());
  moved = std::move(file);
  ASSERT_TRUE(moved.Commit(nullptr).ok());
  EXPECT_THAT(Files(), UnorderedElementsAre("a", "b"));
}

TEST_F(AtomicFileTest, TwoOfOneTargetDoNotDisturbEachOther) {
  AtomicFile one = Create("a"), two = Create("a");
  ASSERT_TRUE(one.Write(Bytes("one"), nullptr).ok());
  ASSERT_TRUE(two.Write(Bytes("two"), nullptr).ok());
  ASSERT_TRUE(two.Commit(nullptr).ok());
  ASSERT_TRUE(one.Commit(nullptr).ok());
  EXPECT_EQ(Read("a"), "one");
  EXPECT_EQ(Files().size(), 1u);
}

TEST_F(AtomicFileTest, FollowsASymbolicLinkAndKeepsPermissions) {
  Write("real", "old");
  std::filesystem::permissions(Path("real"), std::filesystem::perms(0640));
  std::filesystem::create_symlink("real", Path("link"));
  AtomicFile file = Create("link");
  ASSERT_TRUE(file.Write(Bytes("new"), nullptr).ok());
  ASSERT_TRUE(file.Commit(nullptr).ok());
  EXPECT_TRUE(std::filesystem::is_symlink(Path("link")));
  EXPECT_EQ(Read("real"), "new");
  EXPECT_EQ(std::filesystem::status(Path("real")).permissions(), std::filesystem::perms(0640));
}

TEST_F(AtomicFileTest, TakesNamesAsLongAsTheFileSystemDoes) {
  const std::string name(255, 'n');
  AtomicFile file = Create(name);
  ASSERT_TRUE(file.Commit(nullptr).ok());
  EXPECT_THAT(Files(), UnorderedElementsAre(name));
}

TEST_F(AtomicFileTest, SaysWhichFolderIsMissing) {
  ErrorDetail detail;
  const auto file = AtomicFile::Create(Path("no/such/a.qfb"), &detail);
  EXPECT_EQ(file.status().code(), Code::kNotFound);
  EXPECT_THAT(detail.text(), HasSubstr("no/such/a.qfb: No such file or directory"));
}

TEST_F(AtomicFileTest, RefusesFoldersAndDevices) {
  for (const std::string& path : {folder_.string(), std::string("/dev/null")}) {
    ErrorDetail detail;
    EXPECT_EQ(AtomicFile::Create(path, &detail).status().code(), Code::kIo);
    EXPECT_THAT(detail.text(), HasSubstr("not a regular file"));
  }
}

TEST_F(AtomicFileTest, SetsTheSizeToWhatWasWrittenNotToWhatWasReserved) {
  AtomicFile file = Create("a");
  ASSERT_TRUE(file.Reserve(100'000, nullptr).ok());
  ASSERT_TRUE(file.Write(Bytes("x"), nullptr).ok());
  ASSERT_TRUE(file.Commit(nullptr).ok());
  EXPECT_EQ(std::filesystem::file_size(Path("a")), 1u);
}

TEST_F(AtomicFileTest, ReportsAReservationThatNoDeviceCanHold) {
  Write("a", "old");
  AtomicFile file = Create("a");
  ErrorDetail detail;
  EXPECT_EQ(file.Reserve(uint64_t{1} << 60, &detail).code(), Code::kNoSpace);
  EXPECT_THAT(detail.text(), HasSubstr("1152921504606846976 bytes needed"));
  EXPECT_THAT(detail.text(), HasSubstr("the file was not changed"));
  EXPECT_EQ(Read("a"), "old");
}

/// Limits the size of files while it lives, so that writes stop half-way as they do
/// on a full device.
class FileSizeLimit {
 public:
  explicit FileSizeLimit(rlim_t bytes) {
    previous_handler_ = std::signal(SIGXFSZ, SIG_IGN);
    getrlimit(RLIMIT_FSIZE, &previous_);
    const rlimit limit{bytes, previous_.rlim_max};
    setrlimit(RLIMIT_FSIZE, &limit);
  }
  ~FileSizeLimit() {
    setrlimit(RLIMIT_FSIZE, &previous_);
    std::signal(SIGXFSZ, previous_handler_);
  }

 private:
  rlimit previous_;
  void (*previous_handler_)(int);
};

TEST_F(AtomicFileTest, ReportsAWriteThatStopsHalfWay) {
  Write("a", "old");
  {
    AtomicFile file = Create("a");
    const FileSizeLimit limit(10'000);
    const std::vector<std::byte> block(6'000);
    ErrorDetail detail;
    EXPECT_TRUE(file.Write(block, &detail).ok()) << detail.text();
    EXPECT_TRUE(file.Write(block, &detail).ok()) << detail.text();
    EXPECT_EQ(file.Commit(&detail).code(), Code::kNoSpace);
    EXPECT_THAT(detail.text(), HasSubstr("12000 bytes needed"));
  }
  EXPECT_EQ(Read("a"), "old");
  EXPECT_THAT(Files(), UnorderedElementsAre("a"));
}

TEST_F(AtomicFileTest, ReportsAWriteThatStopsBeforeTheEnd) {
  AtomicFile file = Create("a");
  const FileSizeLimit limit(6 << 20);
  const std::vector<std::byte> block(3 << 20);
  ErrorDetail detail;
  EXPECT_TRUE(file.Write(block, &detail).ok()) << detail.text();
  EXPECT_TRUE(file.Write(block, &detail).ok()) << detail.text();
  EXPECT_EQ(file.Write(block, &detail).code(), Code::kNoSpace);
  EXPECT_THAT(detail.text(), HasSubstr("8388608 bytes needed"));
}

TEST_F(AtomicFileTest, HasAllBytesInTheirPlacesHoweverTheyCame) {
  std::string expected;
  AtomicFile file = Create("a");
  for (size_t i = 0, size = 1; expected.size() < (9u << 20); ++i, size = size * 3 % 1'000'003) {
    const std::string part(size, static_cast<char>('a' + i % 26));
    ASSERT_TRUE(file.Write(Bytes(part), nullptr).ok());
    expected += part;
    ASSERT_EQ(file.written(), expected.size());
    if (i % 16 == 15) {  // across what was written and what waits
      ASSERT_TRUE(file.WriteAt(expected.size() - 3, Bytes("XYZ"), nullptr).ok());
      expected.replace(expected.size() - 3, 3, "XYZ");
    }
  }
  ASSERT_TRUE(file.Commit(nullptr).ok());
  EXPECT_TRUE(Read("a") == expected);
}

}  // namespace
}  // namespace quanta::writer
