// SPDX-License-Identifier: MIT
#include "tiss_lite/program/commit.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <random>
#include <string>
#include <thread>

#include "runtime/cli/error.h"
#include "tests/tiss_lite/program/host_tree.h"
#include "tiss_lite/vfs/vfs.h"

namespace quanta::lite::program {
namespace {

namespace fs = std::filesystem;
using Tree = std::map<std::string, std::string>;

class CommitTest : public testing::Test {
 protected:
  void SetUp() override {
    char name[] = "/tmp/tiss-commit-XXXXXX";
    ASSERT_NE(mkdtemp(name), nullptr);
    root_ = name;
  }
  void TearDown() override { fs::remove_all(root_); }

  /// Goes on in memory, where nothing waits for a disk; false if there is no such place.
  bool MoveToMemory() {
    char name[] = "/dev/shm/tiss-commit-XXXXXX";
    if (mkdtemp(name) == nullptr) return false;
    fs::remove_all(root_);
    root_ = name;
    return true;
  }

  void Write(const std::string& path, const std::string& text) {
    fs::create_directories(fs::path(root_ + "/" + path).parent_path());
    std::ofstream(root_ + "/" + path, std::ios::binary) << text;
  }

  Tree Contents() const { return ContentsOf(root_); }

  std::string root_;
};

void Put(Vfs* files, const std::string& path, const std::string& text) {
  ASSERT_EQ(files->Write(path, MakeBytes(text)), FsError::kNone) << path;
}

TEST_F(CommitTest, AppliesEverythingAndUndoTakesItBack) {
  Write("keep", "k");
  Write("edit", "old");
  Write("gone/deep/x", "x");
  Write("kind", "a file");
  chmod((root_ + "/edit").c_str(), 0755);
  const Tree before = Contents();
  HostFolder folder(root_);
  Vfs files({}, &folder);
  Put(&files, "edit", "new");
  EXPECT_EQ(files.MakeFolders("a/b"), FsError::kNone);
  Put(&files, "a/b/n", "n");
  for (const char* path : {"gone/deep/x", "gone/deep", "gone", "kind"}) {
    EXPECT_EQ(files.Remove(path), FsError::kNone);
  }
  EXPECT_EQ(files.MakeFolder("kind"), FsError::kNone);
  Put(&files, "kind/in", "i");
  EXPECT_EQ(Contents(), before) << "a run writes nothing";
  Commit(&folder, files.Changes());
  const Tree after = {{"keep", "k"},  {"edit", "new"}, {"a/", ""},      {"a/b/", ""},
                      {"a/b/n", "n"}, {"kind/", ""},   {"kind/in", "i"}};
  EXPECT_EQ(Contents(), after);
  struct stat status = {};
  ASSERT_EQ(stat((root_ + "/edit").c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777, 0755u);
  ASSERT_EQ(stat((root_ + "/a/b/n").c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777, 0644u);
  Undo(&folder);
  EXPECT_EQ(Contents(), before);
  EXPECT_THROW(Undo(&folder), cli::Error);
}

TEST_F(CommitTest, RefusesWhatChangedUnderTheRun) {
  Write("read", "r");
  Write("edit", "old");
  for (const char* touched : {"read", "edit"}) {
    HostFolder folder(root_);
    Vfs files({}, &folder);
    Bytes bytes;
    EXPECT_EQ(files.Read("read", &bytes), FsError::kNone);
    EXPECT_EQ(files.Read("edit", &bytes), FsError::kNone);
    Put(&files, "edit", "new");
    const auto changes = files.Changes();
    Write(touched, "somebody else's");
    const Tree before = Contents();
    EXPECT_THROW(Commit(&folder, changes), cli::Error) << touched;
    EXPECT_EQ(Contents(), before);
  }
}

TEST_F(CommitTest, UndoRefusesWhatChangedSince) {
  Write("edit", "old");
  HostFolder folder(root_);
  Vfs files({}, &folder);
  Put(&files, "edit", "new");
  Commit(&folder, files.Changes());
  Write("edit", "newer");
  EXPECT_THROW(Undo(&folder), cli::Error);
  EXPECT_EQ(Contents().at("edit"), "newer");
}

TEST_F(CommitTest, NeitherReadsNorWritesThroughLinksAndDevices) {
  Write("real/f", "inside");
  const std::string outside = root_ + "-outside";
  fs::create_directories(outside);
  std::ofstream(outside + "/secret") << "secret";
  fs::create_symlink(outside, root_ + "/out");
  fs::create_symlink(outside + "/secret", root_ + "/file");
  fs::create_symlink("real", root_ + "/inner");
  ASSERT_EQ(mkfifo((root_ + "/fifo").c_str(), 0600), 0);
  for (const auto how : {HostFolder::Resolution::kAuto, HostFolder::Resolution::kStepByStep}) {
    HostFolder folder(root_, how);
    Vfs files({}, &folder);
    Bytes bytes;
    for (const char* path :
         {"out", "out/secret", "file", "inner", "inner/f", "fifo", ".tiss-lite/x"}) {
      EXPECT_EQ(files.Look(path), NodeKind::kNone) << path;
      EXPECT_EQ(files.Read(path, &bytes), FsError::kNotFound) << path;
    }
    EXPECT_EQ(files.Read("real/f", &bytes), FsError::kNone);
    std::vector<std::string> names;
    EXPECT_EQ(files.List("", &names), FsError::kNone);
    EXPECT_EQ(names, std::vector<std::string>{"real"});
    for (const char* path : {"file", "fifo", "out"}) {
      Vfs writes({}, &folder);
      Put(&writes, path, "overwritten");
      EXPECT_THROW(Commit(&folder, writes.Changes()), cli::Error) << path;
    }
    EXPECT_EQ(files.MakeFolder("out"), FsError::kNone);
    Put(&files, "out/secret", "overwritten");
    EXPECT_THROW(Commit(&folder, files.Changes()), cli::Error);
  }
  std::ifstream secret(outside + "/secret");
  EXPECT_EQ((std::string{std::istreambuf_iterator<char>(secret), {}}), "secret");
  fs::remove_all(outside);
}

TEST_F(CommitTest, IsNotLedOutByAFolderThatBecomesALink) {
  Write("d/f", "inside");
  const std::string outside = root_ + "-outside";
  fs::create_directories(outside);
  std::ofstream(outside + "/f") << "secret";
  HostFolder folder(root_);
  Vfs files({}, &folder);
  Bytes bytes;
  EXPECT_EQ(files.Read("d/f", &bytes), FsError::kNone);
  fs::rename(root_ + "/d", root_ + "/moved");
  fs::create_symlink(outside, root_ + "/d");
  EXPECT_NE(files.Read("d/f", &bytes), FsError::kNone);
  Put(&files, "moved/f", "new");
  EXPECT_THROW(Commit(&folder, files.Changes()), cli::Error);
  std::ifstream secret(outside + "/f");
  EXPECT_EQ((std::string{std::istreambuf_iterator<char>(secret), {}}), "secret");
  fs::remove_all(outside);
}

TEST_F(CommitTest, LeavesTheFolderWhollyOldOrWhollyNewWhenKilled) {
  constexpr int kFiles = 200;
  // On a disk each commit takes seconds; QUANTA_KILLS=50 does it all the same.
  const char* const wanted = std::getenv("QUANTA_KILLS");
  const int kills = wanted != nullptr ? std::atoi(wanted) : MoveToMemory() ? 50 : 8;
  std::mt19937 random(7);
  int old_found = 0, new_found = 0;
  std::chrono::microseconds whole{0};
  for (int round = -1; round < kills; ++round) {
    Tree before, after;
    fs::remove_all(root_);
    fs::create_directories(root_ + "/d");
    for (int i = 0; i < kFiles; ++i) {
      const std::string path = "d/" + std::to_string(i);
      if (i % 3 != 0) Write(path, "old " + std::to_string(i));
    }
    before = Contents();
    after = before;
    const pid_t child = fork();
    if (child == 0) {
      HostFolder folder(root_);
      Vfs files({}, &folder);
      for (int i = 0; i < kFiles; ++i) {
        const std::string path = "d/" + std::to_string(i);
        if (i % 3 == 1) {
          static_cast<void>(files.Remove(path));
        } else {
          static_cast<void>(files.Write(path, MakeBytes("new " + std::to_string(i))));
        }
      }
      Commit(&folder, files.Changes());
      _exit(0);
    }
    for (int i = 0; i < kFiles; ++i) {
      const std::string path = "d/" + std::to_string(i);
      if (i % 3 == 1) {
        after.erase(path);
      } else {
        after[path] = "new " + std::to_string(i);
      }
    }
    // The first is left alone, to know how long one takes here: the moments of the others are
    // spread over it and a little more.
    const auto start = std::chrono::steady_clock::now();
    if (round >= 0) {
      std::this_thread::sleep_for(whole * (random() % 1000) / 900);
      kill(child, SIGKILL);
    }
    waitpid(child, nullptr, 0);
    if (round < 0) {
      whole = std::chrono::duration_cast<std::chrono::microseconds>(
          std::chrono::steady_clock::now() - start);
      EXPECT_EQ(Contents(), after);
      continue;
    }
    HostFolder folder(root_);
    Recover(&folder);
    const Tree found = Contents();
    ASSERT_TRUE(found == before || found == after) << "round " << round;
    ++(found == before ? old_found : new_found);
    EXPECT_FALSE(fs::exists(root_ + "/.tiss-lite/commit"));
    EXPECT_FALSE(fs::exists(root_ + "/.tiss-lite/next"));
  }
  RecordProperty("old", old_found);
  RecordProperty("new", new_found);
  std::printf("killed commits: %d old, %d new\n", old_found, new_found);
}

}  // namespace
}  // namespace quanta::lite::program
