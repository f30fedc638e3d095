// SPDX-License-Identifier: MIT
#include "tiss_lite/program/sandbox.h"

#include <gmock/gmock.h>
#include <grp.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <string>

#include "tests/tiss_lite/script_runner.h"

namespace quanta::lite::program {
namespace {

using testing::HasSubstr;

/// Whether bubblewrap works here for who is not root: asked of it alone, so that a sandbox of
/// ours which refuses is a failure and not a reason to skip.
bool BubblewrapWorks() {
  const pid_t child = fork();
  if (child == 0) {
    if (geteuid() == 0 && (setgroups(0, nullptr) != 0 || setgid(65534) != 0 || setuid(65534) != 0))
      _exit(1);
    execlp("bwrap", "bwrap", "--unshare-all", "--ro-bind", "/", "/", "true", nullptr);
    _exit(1);
  }
  int status = 1;
  return child > 0 && waitpid(child, &status, 0) == child && status == 0;
}

class SandboxTest : public testing::Test {
 protected:
  void SetUp() override {
    static const bool works = BubblewrapWorks();
    if (!works) GTEST_SKIP() << "no bubblewrap, or no user namespaces: apt-get install bubblewrap";
    ProgramRequest request;
    request.name = "true";
    request.seconds = 10;
    const ProgramResult result = programs_.Run(request);
    ASSERT_EQ(result.end, ProgramResult::End::kExited) << result.why;
    runner_.host.programs = &programs_;
    Grant("run:host:sh,host:id");
  }

  void Grant(const char* what) {
    ASSERT_EQ(runner_.profile.capabilities.Grant(what), nullptr) << what;
  }

  /// `sh -c COMMANDS`, which hold no double quotes.
  const LastRun& Run(const std::string& commands) {
    return runner_.RunStep("VAR c = \"" + commands + "\"\nRUN \"sh -c {{c}}\"").state().last_run;
  }

  BubblewrapPrograms programs_;
  ScriptRunner runner_;
};

TEST_F(SandboxTest, GivesTheFilesOfTheRunAndTakesOverWhatChanged) {
  runner_.files = {{"a", "one"}, {"d/b", "two"}, {"gone/c", "three"}};
  const LastRun& last =
      Run("cat a d/b; rm -r gone d/b; mkdir -p n/m; echo new > n/m/f; printf 1 >> a; rmdir d; echo "
          "d > d");
  EXPECT_EQ(last.out, "onetwo");
  EXPECT_EQ(last.err, "");
  EXPECT_EQ(last.exit_code, 0);
  EXPECT_EQ(runner_.ReadFile("a"), "one1");
  EXPECT_EQ(runner_.ReadFile("n/m/f"), "new\n");
  EXPECT_EQ(runner_.ReadFile("d"), "d\n");
  EXPECT_EQ(runner_.ReadFile("gone/c"), "(No such file or directory)");
}

TEST_F(SandboxTest, GivesStandardInputOutputAndExitCode) {
  const LastRun& last = runner_
                            .RunStep(
                                "VAR c = \"cat; echo e >&2; exit 7\"\n"
                                "RUN \"echo in | sh -c {{c}} > out 2> err; cat out err\"\n"
                                "RUN \"echo in | sh -c {{c}}\"")
                            .state()
                            .last_run;
  EXPECT_EQ(last.out, "in\n");
  EXPECT_EQ(last.err, "e\n");
  EXPECT_EQ(last.exit_code, 7);
  EXPECT_EQ(runner_.ReadFile("out") + runner_.ReadFile("err"), "in\ne\n");
}

TEST_F(SandboxTest, ShowsNothingElseOfTheHost) {
  setenv("QUANTA_SECRET", "secret", 1);
  const LastRun& last =
      Run("env; cat /etc/passwd /etc/hostname; ls /home /root /var; ls -d /proc/[0-9]* | wc -l; "
          "tail -n +3 /proc/net/dev | cut -d: -f1; id -u");
  unsetenv("QUANTA_SECRET");
  EXPECT_EQ(last.out.find("secret"), std::string::npos) << last.out;
  EXPECT_EQ(last.out.find("root:"), std::string::npos) << last.out;
  // The loopback alone, which leads nowhere.
  EXPECT_THAT(last.out, testing::ContainsRegex("\n[ ]*lo\n[0-9]+\n$"));
  EXPECT_NE(last.out.substr(last.out.find("lo\n") + 3), "0\n");
  for (const char* path : {"/etc/passwd", "/etc/hostname", "/home", "/root", "/var"}) {
    EXPECT_THAT(last.err, HasSubstr(path));
  }
}

TEST_F(SandboxTest, LetsWriteNowhereElse) {
  const LastRun& last =
      Run("for p in /x /usr/x /dev/x /etc/x /proc/x /usr/bin/sh /lib/x; do echo x > $p && echo "
          "wrote $p; done;"
          " echo t > /tmp/t && cat /tmp/t; ls /tmp");
  EXPECT_EQ(last.out, "t\nt\n");
}

TEST_F(SandboxTest, KeepsToWhatTheRunMayReadAndWrite) {
  runner_.profile.capabilities = {};
  for (const char* grant : {"run:host:sh", "fs.read:in/,out/", "fs.write:out/", "log"})
    Grant(grant);
  runner_.files = {{"in/f", "f"}, {"secret", "s"}, {"out/g", "g"}};
  EXPECT_EQ(Run("echo *; echo x > out/x; rm out/g").out, "in out\n");
  EXPECT_EQ(runner_.Code(), "");
  EXPECT_EQ(runner_.ReadFile("out/x"), "x\n");
  for (const char* commands : {"echo y > in/f; echo y > out/y", "rm in/f", "echo x > secret",
                               "mkdir new", "echo x > in/new", "rm -r in"}) {
    Run(commands);
    EXPECT_EQ(runner_.Code(), "R304") << commands;
    EXPECT_EQ(runner_.ReadFile("in/f") + runner_.ReadFile("secret"), "fs") << commands;
    EXPECT_EQ(runner_.ReadFile("out/y"), "(No such file or directory)") << commands;
  }
}

TEST_F(SandboxTest, IsStoppedWhenItsTimeIsOver) {
  runner_.profile.limits.tool_seconds = 0.3;
  runner_.files = {{"a", "old"}};
  const LastRun& last = Run("echo new > a; echo said; sleep 60 & sleep 60");
  EXPECT_EQ(last.exit_code, 124);
  EXPECT_EQ(last.out, "said\n");
  EXPECT_THAT(last.err, HasSubstr("time limit"));
  EXPECT_EQ(runner_.ReadFile("a"), "old");
}

TEST_F(SandboxTest, DropsWhatPassesTheLimitsOfFiles) {
  runner_.files = {{"a", "old"}};
  for (const char* commands :
       {"echo new > a; exec head -c 2000000 /dev/zero > b",
        "echo new > a; i=0; while [ $i -lt 9000 ]; do echo > f$i || exit 9; i=$((i+1)); done"}) {
    const LastRun& last = Run(commands);
    EXPECT_TRUE(last.exit_code == 137 || last.exit_code == 9) << commands << last.exit_code;
    if (last.exit_code == 9) {
      EXPECT_EQ(runner_.Code(), "R308") << commands;
    }
    EXPECT_EQ(runner_.ReadFile("a"), "old") << commands;
  }
}

TEST_F(SandboxTest, BoundsProcesses) {
  const LastRun& last = Run("i=0; while [ $i -lt 200 ]; do sleep 5 & i=$((i+1)); done; echo all");
  EXPECT_EQ(last.out, "") << "not all could be started";
  EXPECT_THAT(last.err, HasSubstr("fork"));
}

TEST_F(SandboxTest, CutsLongOutputAndSaysSo) {
  const LastRun& last = Run("head -c 300000 /dev/zero | tr '\\\\0' x");
  EXPECT_EQ(last.out.size(), runner_.profile.limits.output_bytes);
  EXPECT_TRUE(last.truncated);
  EXPECT_EQ(last.exit_code, 0);
}

TEST_F(SandboxTest, TakesOverNoLinksAndDevices) {
  runner_.files = {{"a", "a"}};
  const LastRun& last = Run("ln -s /etc/passwd l; mkfifo p; ln a hard; mkdir d; ln -s .. d/up");
  EXPECT_THAT(last.err, HasSubstr("l: neither a file nor a folder"));
  EXPECT_THAT(last.err, HasSubstr("d/up: neither"));
  EXPECT_THAT(last.err, HasSubstr("p: neither"));
  EXPECT_EQ(runner_.ReadFile("hard"), "a");
  EXPECT_EQ(runner_.ReadFile("l"), "(No such file or directory)");
  EXPECT_EQ(runner_.ReadFile("d/up"), "(No such file or directory)");
}

TEST_F(SandboxTest, RunsOnlyProgramsThatAreGrantedByName) {
  EXPECT_EQ(runner_.RunStep("RUN \"env\"").state().last_run.exit_code, 127);
  EXPECT_EQ(runner_.RunStep("RUN \"id\"").state().last_run.exit_code, 0);
  EXPECT_EQ(runner_.RunStep("@requires [run, log]\nRUN \"id\"").state().last_run.exit_code, 127);
  EXPECT_EQ(runner_.RunStep("@requires [\"run:host:id\"]\nRUN \"id\"").state().last_run.exit_code,
            0);
  runner_.RunStep("@requires [\"run:host:env\"]\nRUN \"env\"");
  EXPECT_EQ(runner_.Code(), "R304");
  // A built-in tool of the name comes first.
  Grant("run:host:pwd");
  EXPECT_EQ(runner_.RunStep("RUN \"pwd\"").state().last_run.out, "/\n");
  Grant("run:host:no-such-program");
  EXPECT_EQ(runner_.RunStep("RUN \"no-such-program\"").state().last_run.exit_code, 127);
}

TEST(Sandbox, RefusesWithoutBubblewrapAndSaysSo) {
  BubblewrapPrograms none("/no/such/bwrap");
  ScriptRunner runner;
  ASSERT_EQ(runner.profile.capabilities.Grant("run:host:sh"), nullptr);
  for (HostPrograms* programs :
       {static_cast<HostPrograms*>(&none), static_cast<HostPrograms*>(nullptr)}) {
    runner.host.programs = programs;
    const LastRun& last = runner.RunStep("RUN \"sh -c true\"").state().last_run;
    EXPECT_EQ(last.exit_code, 126);
    EXPECT_THAT(last.err, HasSubstr(programs == nullptr ? "cannot be run here" : "not installed"));
  }
}

TEST(Sandbox, TakesNoPathForAName) {
  Capabilities capabilities;
  for (const char* name : {"run:host:", "run:host:../sh", "run:host:/bin/sh", "run:host:a b",
                           "run:host:-x", "run:host:.", "run:host:..", "run:ls,host:"}) {
    EXPECT_NE(capabilities.Grant(name), nullptr) << name;
  }
  ASSERT_EQ(capabilities.Grant("run:ls,host:g++"), nullptr);
  EXPECT_TRUE(capabilities.MayRunProgram("g++"));
  EXPECT_FALSE(capabilities.MayRunProgram("ls"));
  EXPECT_FALSE(capabilities.MayRun("g++"));
  EXPECT_EQ(capabilities.Names(), (std::vector<std::string>{"run:ls", "run:host:g++"}));
}

}  // namespace
}  // namespace quanta::lite::program
