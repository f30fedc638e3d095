// SPDX-License-Identifier: MIT
//
// The program, killed at random moments, and on a full disk.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <thread>

#include "tests/train_host/tiny_run.h"
#include "train_host/math/random.h"

namespace quanta::train {
namespace {

namespace fs = std::filesystem;
using converter::Json;
using ::testing::HasSubstr;
using testing::Metrics;

class Survival : public ::testing::Test {
 protected:
  void Configure(const std::string& output) {
    config_["output"] = folder_.File(output);
    folder_.Write("c.json", config_.dump());
  }

  /// Starts `quanta-train train --resume` whose files may have `most` bytes (0: any).
  pid_t Start(rlim_t most = 0) const {
    const std::string config = folder_.File("c.json"), err = folder_.File("err");
    const pid_t pid = fork();
    if (pid != 0) return pid;
    if (most != 0) {
      const rlimit limit = {most, most};
      setrlimit(RLIMIT_FSIZE, &limit);
    }
    const int file = open(err.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0644);
    dup2(file, 2);
    execl(QUANTA_PROGRAM, QUANTA_PROGRAM, "train", "--config", config.c_str(), "--resume", "-q",
          nullptr);
    _exit(127);
  }
  /// The exit code; -1: a signal ended it.
  static int Wait(pid_t pid) {
    int status = 0;
    waitpid(pid, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  }
  /// Steps that the run in "killed" has noted.
  uint64_t Steps() const {
    if (!fs::exists(folder_.File("killed/metrics.jsonl"))) return 0;
    const std::string lines = folder_.Read("killed/metrics.jsonl");
    return static_cast<uint64_t>(std::count(lines.begin(), lines.end(), '\n'));
  }
  /// Until it has noted `steps`, or ended.
  void WaitForSteps(pid_t pid, uint64_t steps) const {
    siginfo_t info = {};
    while (Steps() < steps &&
           waitid(P_PID, static_cast<id_t>(pid), &info, WEXITED | WNOHANG | WNOWAIT) == 0 &&
           info.si_pid == 0) {
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
  }

  testing::TempFolder folder_;
  Json config_ = testing::TinyConfig(folder_);
};

TEST_F(Survival, KilledTwentyTimesARunEndsAsIfItHadNotBeen) {
  config_["run"].update({{"steps", 600}, {"save_every", 10}, {"keep", 2}, {"dropout", 0.1}});
  config_["data"]["eval"] = config_["data"]["train"];
  config_["run"]["eval_every"] = 50;
  Configure("whole");
  ASSERT_EQ(Wait(Start()), 0) << folder_.Read("err");

  // By progress, not by the clock: about 15 steps each, so that the run is far from its end
  // however fast the machine is. What is begun in the moments after a step is hit as well.
  Configure("killed");
  int kills = 0;
  while (kills < 20) {
    const uint64_t steps = Steps();
    const pid_t pid = Start();
    WaitForSteps(pid, steps / 10 * 10 + Below(2026, static_cast<uint64_t>(kills), 30));
    std::this_thread::sleep_for(
        std::chrono::microseconds(Below(2027, static_cast<uint64_t>(kills), 4000)));
    kill(pid, SIGKILL);
    if (Wait(pid) != -1) break;  // it was done
    ++kills;
  }
  ASSERT_EQ(Wait(Start()), 0) << folder_.Read("err");
  RecordProperty("kills", kills);
  EXPECT_GT(kills, 5);
  for (const char* file : {"/model.safetensors", "/state.safetensors", "/trainer.json"}) {
    const std::string name = std::string("/step-000600") + file;
    ASSERT_FALSE(folder_.Read("whole" + name).empty());
    EXPECT_TRUE(folder_.Read("whole" + name) == folder_.Read("killed" + name)) << file;
  }
  for (const char* key : {"loss", "grad_norm", "eval_loss"}) {
    EXPECT_EQ(Metrics(folder_, key, "whole/metrics.jsonl"),
              Metrics(folder_, key, "killed/metrics.jsonl"))
        << key;
  }
  for (const auto& entry : fs::directory_iterator(folder_.File("killed"))) {
    EXPECT_FALSE(entry.path().filename().string().starts_with(".")) << "left over: " << entry;
  }
}

TEST_F(Survival, AFullDiskLeavesTheLastCheckpointAndSaysSo) {
  config_["run"].update({{"steps", 8}, {"save_every", 8}});
  Configure("out");
  ASSERT_EQ(Wait(Start()), 0) << folder_.Read("err");
  const std::string model = folder_.Read("out/step-000008/model.safetensors");
  ASSERT_GT(model.size(), 100000u);

  config_["run"]["steps"] = 16;
  Configure("out");
  ASSERT_EQ(Wait(Start(100000)), 1);  // more than all files but the weights take
  const std::string error = folder_.Read("err");
  EXPECT_THAT(error, HasSubstr("no space left"));
  EXPECT_THAT(error, HasSubstr("the last checkpoint is " + folder_.File("out/step-000008")));
  EXPECT_EQ(std::count(error.begin(), error.end(), '\n'), 1) << error;
  EXPECT_TRUE(folder_.Read("out/step-000008/model.safetensors") == model);
  EXPECT_FALSE(fs::exists(folder_.File("out/step-000016")));
  for (const auto& entry : fs::directory_iterator(folder_.File("out"))) {
    EXPECT_FALSE(entry.path().filename().string().starts_with(".")) << "left over: " << entry;
  }
  ASSERT_EQ(Wait(Start()), 0) << "with space again it goes on: " << folder_.Read("err");
  EXPECT_TRUE(fs::exists(folder_.File("out/step-000016/model.safetensors")));
}

TEST_F(Survival, AnInterruptedRunSavesAndSaysHowToGoOn) {
  config_["run"].update({{"steps", 1000000}, {"save_every", 0}});
  Configure("out");
  const pid_t pid = Start();
  while (!fs::exists(folder_.File("out/metrics.jsonl")) || Metrics(folder_, "loss").empty()) {
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  kill(pid, SIGINT);
  EXPECT_EQ(Wait(pid), 130);
  EXPECT_THAT(folder_.Read("err"), HasSubstr("interrupted; --resume goes on from"));
  EXPECT_TRUE(fs::exists(folder_.File("out/last/model.safetensors")));
}

}  // namespace
}  // namespace quanta::train
