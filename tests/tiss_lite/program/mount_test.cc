// SPDX-License-Identifier: MIT
//
// Scripts over a folder of the host that is full of ways out.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <atomic>
#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "runtime/cli/error.h"
#include "tests/tiss_lite/program/host_tree.h"
#include "tests/tiss_lite/script_runner.h"
#include "tiss_lite/program/commit.h"

namespace quanta::lite::program {
namespace {

namespace fs = std::filesystem;

constexpr char kSecret[] = "what nobody may see";

class MountTest : public testing::Test {
 protected:
  void SetUp() override {
    char name[] = "/tmp/tiss-mount-XXXXXX";
    ASSERT_NE(mkdtemp(name), nullptr);
    base_ = name;
    root_ = base_ + "/root";
    outside_ = base_ + "/outside";
    fs::create_directories(root_ + "/d/sub");
    fs::create_directories(outside_);
    Write(outside_ + "/secret", kSecret);
    Write(root_ + "/f", "f");
    Write(root_ + "/d/e", "e");
    Write(root_ + "/d/sub/x", "x");
    MakeWaysOut();
  }
  void TearDown() override { fs::remove_all(base_); }

  static void Write(const std::string& path, const std::string& text) {
    std::ofstream(path, std::ios::binary) << text;
  }

  void MakeWaysOut() {
    const std::vector<std::pair<std::string, std::string>> links = {
        {"out", outside_},      {"file", outside_ + "/secret"},
        {"rel", "../outside"},  {"relfile", "../outside/secret"},
        {"up", ".."},           {"root", "/"},
        {"self", "/proc/self"}, {"cwd", "/proc/self/cwd"},
        {"fd", "/dev/fd"},      {"null", "/dev/null"},
        {"loop", "loop"},       {"nowhere", outside_ + "/new"},
        {"d/out", outside_},    {"d/sub/file", "../../../outside/secret"},
        {"inner", "d"},         {"dot", "."}};
    for (const auto& [name, target] : links) fs::create_symlink(target, root_ + "/" + name);
    ASSERT_EQ(mkfifo((root_ + "/fifo").c_str(), 0600), 0);
    // Where the system does not let us, there is one way out less.
    static_cast<void>(mknod((root_ + "/node").c_str(), S_IFCHR | 0600, makedev_null()));
    sockaddr_un address = {};
    address.sun_family = AF_UNIX;
    const std::string socket_path = root_ + "/sock";
    socket_path.copy(address.sun_path, sizeof address.sun_path - 1);
    const int socket_number = socket(AF_UNIX, SOCK_STREAM, 0);
    ASSERT_EQ(bind(socket_number, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
    close(socket_number);
  }
  static dev_t makedev_null() { return (dev_t{1} << 8) | 3; }

  /// A run over the mount; the folder must stay as it is, inside and outside.
  ExecutionEngine& Run(const std::string& statements,
                       HostFolder::Resolution how = HostFolder::Resolution::kAuto) {
    const std::string before = StampOf(base_);
    ExecutionEngine& engine = Load(statements, how);
    engine.Run();
    EXPECT_EQ(StampOf(base_), before) << statements;
    return engine;
  }

  ExecutionEngine& Load(const std::string& statements,
                        HostFolder::Resolution how = HostFolder::Resolution::kAuto) {
    folder_ = std::make_unique<HostFolder>(root_, how);
    runner_ = std::make_unique<ScriptRunner>();
    runner_->lower = folder_.get();
    return runner_->Load("STEP \"s\" {\n" + statements + "\n}\n");
  }

  std::string base_, root_, outside_;
  std::unique_ptr<HostFolder> folder_;
  std::unique_ptr<ScriptRunner> runner_;
};

// Every way of using a path, with every way out: nothing of the outside is seen, nothing outside
// is written, and what exists for the host only does not exist for the script.
TEST_F(MountTest, ShowsNoWayOutToAnyStatementOrTool) {
  const std::vector<std::string> paths = {"out",
                                          "out/secret",
                                          "file",
                                          "rel/secret",
                                          "relfile",
                                          "up",
                                          "up/outside",
                                          "root",
                                          "root/etc",
                                          "self/environ",
                                          "self/root/etc",
                                          "cwd",
                                          "fd/0",
                                          "null",
                                          "loop",
                                          "loop/x",
                                          "nowhere",
                                          "d/out/secret",
                                          "d/sub/file",
                                          "inner/e",
                                          "dot/f",
                                          "fifo",
                                          "sock",
                                          "node",
                                          "d/../out/secret",
                                          "./out//secret",
                                          ".tiss-lite",
                                          ".tiss-lite/next",
                                          "out/.",
                                          "dot/dot/f"};
  const std::vector<std::string> reads = {
      "READ \"@\" AS x",
      "TRY { READ \"@\" AS x\n} CATCH AS why { LOG \"{{why}}\" }",
      "RUN \"cat @\"",
      "RUN \"cat < @\"",
      "RUN \"ls @\"",
      "RUN \"head -n 1 @; tail @; wc -c @; sort @\"",
      "RUN \"grep -n . @; cmp f @; cut -c 1 @\"",
      "RUN \"cp -r @ copy\"",
      "RUN \"mv @ moved\"",
      "VAR p = \"@\"\nRUN \"cat '{{p}}' {{p}}*\"",
  };
  int cases = 0;
  for (const std::string& path : paths) {
    for (std::string use : reads) {
      for (size_t at = use.find('@'); at != use.npos; at = use.find('@')) use.replace(at, 1, path);
      ExecutionEngine& engine = Run(use);
      const std::string result = engine.ResultJson();
      EXPECT_EQ(result.find(kSecret), result.npos) << use;
      EXPECT_EQ(result.find("root:x:"), result.npos) << use;
      EXPECT_TRUE(engine.state().files.Changes().empty()) << use << result;
      const bool read = use.starts_with("READ");
      EXPECT_EQ(runner_->Code(), read ? "R302" : "") << use;
      ++cases;
    }
    EXPECT_EQ(Run("ASSERT FILE \"" + path + "\" NOT EXISTS").status(), RunStatus::kOk) << path;
    EXPECT_EQ(Run("RUN \"test -e " + path + "\"").state().last_run.exit_code, 1) << path;
    cases += 2;
  }
  EXPECT_GE(cases, 300);
}

TEST_F(MountTest, ListsAndMatchesNothingThatIsNotAFileOrFolder) {
  for (const auto how : {HostFolder::Resolution::kAuto, HostFolder::Resolution::kStepByStep}) {
    EXPECT_EQ(Run("RUN \"ls -a . d d/sub\"", how).state().last_run.out,
              ".:\nd\nf\n\nd:\ne\nsub\n\nd/sub:\nx\n");
    EXPECT_EQ(Run("RUN \"echo * d/* */secret ou?/*\"", how).state().last_run.out,
              "d f d/e d/sub */secret ou?/*\n");
  }
}

// A run may write where a link stands, in memory: committing that is refused.
TEST_F(MountTest, WritesThroughNothingWhenCommitted) {
  int refused = 0;
  for (const char* path :
       {"out",       "file",         "rel",        "up",         "null",      "nowhere", "fifo",
        "sock",      "inner",        "out/secret", "rel/new",    "nowhere/x", "inner/e", "dot/f",
        "up/root/f", "d/out/secret", "d/sub/file", "root/tmp/x", "cwd/x",     "loop"}) {
    for (const char* use :
         {"WRITE \"@\" \"w\"", "RUN \"echo w > @\"", "RUN \"echo w >> @\"",
          "RUN \"echo w | tee @\"", "RUN \"touch @\"", "RUN \"cp f @\"", "MKDIR \"@\""}) {
      std::string statement = use;
      statement.replace(statement.find('@'), 1, path);
      ExecutionEngine& engine = Run(statement);
      const std::vector<Vfs::Change> changes = engine.state().files.Changes();
      if (changes.empty()) continue;  // the folder of the path does not exist
      const std::string before = StampOf(base_);
      EXPECT_THROW(Commit(folder_.get(), changes), cli::Error) << statement;
      EXPECT_EQ(ContentsOf(outside_).at("secret"), kSecret) << statement;
      EXPECT_EQ(ContentsOf(outside_).size(), 1u) << statement;
      EXPECT_EQ(ContentsOf(root_).at("f"), "f") << statement;
      ++refused;
      fs::remove_all(root_ + "/.tiss-lite");
    }
  }
  EXPECT_GE(refused, 60);
}

// A hard link is a plain file: it can be read, and writing makes it another file.
TEST_F(MountTest, BreaksHardLinksInsteadOfWritingThroughThem) {
  ASSERT_EQ(link((outside_ + "/secret").c_str(), (root_ + "/hard").c_str()), 0);
  for (const char* use :
       {"WRITE \"hard\" \"new\"", "RUN \"printf new > hard\"",
        "RUN \"rm hard; printf new | tee hard\"", "RUN \"printf new > n; mv n hard\"",
        "RUN \"printf new > n; cp n hard; rm n\""}) {
    ExecutionEngine& engine = Run(use);
    ASSERT_EQ(runner_->Code(), "") << use;
    Commit(folder_.get(), engine.state().files.Changes());
    EXPECT_EQ(ContentsOf(root_).at("hard"), "new") << use;
    EXPECT_EQ(ContentsOf(outside_).at("secret"), kSecret) << use;
    ASSERT_EQ(unlink((root_ + "/hard").c_str()), 0);
    ASSERT_EQ(link((outside_ + "/secret").c_str(), (root_ + "/hard").c_str()), 0);
  }
  ExecutionEngine& engine = Run("RUN \"printf more >> hard\"");
  Commit(folder_.get(), engine.state().files.Changes());
  EXPECT_EQ(ContentsOf(root_).at("hard"), std::string(kSecret) + "more");
  Undo(folder_.get());
  EXPECT_EQ(ContentsOf(root_).at("hard"), kSecret);
  EXPECT_EQ(ContentsOf(outside_).at("secret"), kSecret);
}

TEST_F(MountTest, TruncatesNothingThatMayOnlyBeRead) {
  for (const char* use :
       {"RUN \"true > f\"", "RUN \"true >> f\"", "RUN \"cat f > f\"", "RUN \"nope 2> f\"",
        "RUN \"echo -n | tee f\"", "RUN \"cp d/e f\"", "RUN \"mv d/e f\"", "RUN \"rm f\"",
        "WRITE \"f\" \"\"", "DELETE \"f\"", "RUN \"touch f\"", "RUN \"sort f > f && rm -rf d\""}) {
    folder_ = std::make_unique<HostFolder>(root_);
    const std::string before = StampOf(base_);
    ScriptRunner runner;
    runner.profile.capabilities = {};
    for (const char* grant : {"fs.read", "run", "log"}) {
      ASSERT_EQ(runner.profile.capabilities.Grant(grant), nullptr);
    }
    runner.lower = folder_.get();
    ExecutionEngine& engine = runner.RunStep(use);
    EXPECT_EQ(runner.Code(), "R304") << use;
    EXPECT_TRUE(engine.state().files.Changes().empty()) << use;
    EXPECT_EQ(runner.ReadFile("f"), "f") << use;
    EXPECT_EQ(StampOf(base_), before) << use;
  }
}

TEST_F(MountTest, TakesNamesByTheirBytes) {
  Write(root_ + "/caf\xC3\xA9", "composed");
  for (const char* path : {"F", "D/e", "d/E", "cafe\xCC\x81", "CAF\xC3\x89", "f ", " f", "f.",
                           "\xEF\xBD\x86", "d/e\xE2\x80\x8B"}) {
    Run(std::string("READ \"") + path + "\" AS x");
    EXPECT_EQ(runner_->Code(), "R302") << path;
  }
  Run("READ \"caf\xC3\xA9\" AS x");
  EXPECT_EQ(runner_->Code(), "");
}

// Between any two statements, someone puts a link where the folder was that the run reads.
TEST_F(MountTest, IsNotLedOutByFoldersThatAreRenamedDuringTheRun) {
  int refused = 0;
  for (const auto how : {HostFolder::Resolution::kAuto, HostFolder::Resolution::kStepByStep}) {
    for (int moment = 1; moment < 9; ++moment) {
      ExecutionEngine& engine = Load(
          "READ \"d/e\" AS a\nRUN \"ls d; cat d/* d/secret\"\nLOG \"{{LAST_RUN.STDOUT}}\"\n"
          "RUN \"cp -r d copy; cat d/sub/secret copy/* > all; cat < d/secret\"\n"
          "RUN \"cat d/sub/../secret d/secret; echo n > d/new\"\nTRY { READ \"d/secret\" AS b\n}",
          how);
      for (int i = 0; i < moment; ++i) engine.Step();
      fs::rename(root_ + "/d", root_ + "/moved");
      fs::create_symlink(outside_, root_ + "/d");
      engine.Run();
      const std::string result = engine.ResultJson() + engine.Token();
      EXPECT_EQ(result.find(kSecret), result.npos) << moment << result;
      for (const Vfs::Change& change : engine.state().files.Changes()) {
        EXPECT_TRUE(!change.new_bytes || change.new_bytes->find(kSecret) == std::string::npos);
      }
      if (!engine.state().files.Changes().empty()) {
        EXPECT_THROW(Commit(folder_.get(), engine.state().files.Changes()), cli::Error) << moment;
        ++refused;
      }
      EXPECT_EQ(ContentsOf(outside_).size(), 1u);
      fs::remove(root_ + "/d");
      fs::rename(root_ + "/moved", root_ + "/d");
    }
  }
  EXPECT_GE(refused, 8);
}

TEST_F(MountTest, IsNotLedOutWhileAFolderAndALinkChangePlaces) {
  Write(root_ + "/d/secret", "harmless");
  fs::create_symlink(outside_, root_ + "/link");
  for (const auto how : {HostFolder::Resolution::kAuto, HostFolder::Resolution::kStepByStep}) {
    HostFolder folder(root_, how);
    std::atomic<bool> stop = false;
    std::thread swapper([&] {
      while (!stop) {
        renameat2(AT_FDCWD, (root_ + "/d").c_str(), AT_FDCWD, (root_ + "/link").c_str(),
                  RENAME_EXCHANGE);
      }
    });
    // Until both have been met often, however the two threads take turns.
    int harmless = 0, refused = 0;
    for (int i = 0; i < 1000000 && (i < 4000 || harmless < 20 || refused < 20); ++i) {
      if (i % 64 == 0) std::this_thread::yield();
      std::string bytes;
      std::vector<std::string> names;
      if (folder.Read("d/secret", 4096, &bytes) == LowerFolder::ReadResult::kOk) {
        EXPECT_EQ(bytes, "harmless");
        ++harmless;
      } else {
        ++refused;
      }
      if (folder.List("d", &names)) {
        EXPECT_EQ(names.size(), 4u);
      }
    }
    stop = true;
    swapper.join();
    EXPECT_GE(harmless, 20);
    EXPECT_GE(refused, 20);
  }
}

}  // namespace
}  // namespace quanta::lite::program
