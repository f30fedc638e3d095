// SPDX-License-Identifier: MIT
//
// Two processes under mpirun: what they learn, how they end, how they go on. Skipped where the
// build has no MPI.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <thread>

#include "tests/runtime/cli/child.h"
#include "tests/train_host/tiny_run.h"
#include "train_host/training/trainer.h"

namespace quanta::train {
namespace {

namespace fs = std::filesystem;
using cli::Outcome;
using converter::Json;
using ::testing::HasSubstr;
using testing::Metrics;

class TwoProcesses : public ::testing::Test {
 protected:
  void SetUp() override {
    if (std::string(QUANTA_MPIRUN).empty()) {
      GTEST_SKIP()
          << "built without MPI: apt-get install libopenmpi-dev openmpi-bin, and configure";
    }
    config_["run"]["threads"] = 1;
    setenv("OMPI_ALLOW_RUN_AS_ROOT", "1", 1);
    setenv("OMPI_ALLOW_RUN_AS_ROOT_CONFIRM", "1", 1);
    // The library keeps what it has for the process's whole life.
    setenv("ASAN_OPTIONS", "detect_leaks=0", 1);
  }

  /// Writes the configuration with this output folder; returns its path.
  std::string Configure(const std::string& output) {
    config_["output"] = folder_.File(output);
    return folder_.Write(output + ".json", config_.dump());
  }
  static std::vector<std::string> Train(const std::string& config) {
    return {QUANTA_PROGRAM, "train", "--config", config, "--resume", "-q"};
  }
  static Outcome Mpirun(std::vector<std::string> words) {
    words.insert(words.begin(), "--oversubscribe");
    return cli::RunProgramFile(QUANTA_MPIRUN, words);
  }
  /// Two processes of one command.
  static Outcome Both(std::vector<std::string> command) {
    command.insert(command.begin(), {"-n", "2"});
    return Mpirun(std::move(command));
  }
  /// A process of each command.
  static Outcome OneOfEach(std::vector<std::string> first, const std::vector<std::string>& second) {
    first.insert(first.begin(), {"-n", "1"});
    first.insert(first.end(), {":", "-n", "1"});
    first.insert(first.end(), second.begin(), second.end());
    return Mpirun(std::move(first));
  }
  static void ExpectOneMessage(const Outcome& outcome, int exit_code, const std::string& text) {
    EXPECT_EQ(outcome.exit_code, exit_code) << outcome.err;
    EXPECT_THAT(outcome.err, HasSubstr(text));
    size_t count = 0;
    for (size_t at = 0; (at = outcome.err.find("quanta-train: ", at)) != std::string::npos; ++at) {
      ++count;
    }
    EXPECT_EQ(count, 1u) << outcome.err;
  }
  /// Starts two processes of a run; returns mpirun's id.
  pid_t Start(const std::string& config) const {
    const pid_t pid = fork();
    if (pid != 0) return pid;
    if (std::freopen(folder_.File("err").c_str(), "w", stderr) == nullptr) _exit(126);
    execl(QUANTA_MPIRUN, QUANTA_MPIRUN, "--oversubscribe", "-n", "2", QUANTA_PROGRAM, "train",
          "--config", config.c_str(), "--resume", "-q", nullptr);
    _exit(127);
  }
  /// Waits until the run has noted so many lines; returns the id of its second process.
  pid_t SecondOf(const std::string& config, const std::string& output, size_t lines) const {
    const std::string metrics = folder_.File(output + "/metrics.jsonl");
    for (int i = 0; i < 6000; ++i) {
      const std::string text = fs::exists(metrics) ? folder_.Read(output + "/metrics.jsonl") : "";
      if (static_cast<size_t>(std::count(text.begin(), text.end(), '\n')) >= lines) break;
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
    for (const auto& entry : fs::directory_iterator("/proc")) {
      const pid_t pid = std::atoi(entry.path().filename().c_str());
      if (pid == 0) continue;
      const auto read = [&](const char* file) {
        std::ifstream in(entry.path() / file, std::ios::binary);
        return std::string(std::istreambuf_iterator<char>(in), {});
      };
      if (read("cmdline").find(config) != std::string::npos &&
          read("environ").find("OMPI_COMM_WORLD_RANK=1") != std::string::npos) {
        return pid;
      }
    }
    ADD_FAILURE() << "there is no second process: " << folder_.Read("err");
    return 0;
  }
  static int Wait(pid_t pid) {
    int status = 0;
    waitpid(pid, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  }
  void ExpectSameRun(const std::string& a, const std::string& b, const std::string& step) const {
    for (const char* file : {"/model.safetensors", "/state.safetensors", "/trainer.json"}) {
      EXPECT_FALSE(folder_.Read(a + step + file).empty()) << file;
      EXPECT_TRUE(folder_.Read(a + step + file) == folder_.Read(b + step + file)) << file;
    }
    for (const char* key : {"loss", "grad_norm", "eval_loss"}) {
      EXPECT_EQ(Metrics(folder_, key, a + "/metrics.jsonl"),
                Metrics(folder_, key, b + "/metrics.jsonl"))
          << key;
    }
  }

  testing::TempFolder folder_;
  Json config_ = testing::TinyConfig(folder_);
};

struct Kind {
  const char* name;
  const char* settings;  ///< merged into the configuration
  double loss, weight;   ///< tolerances: of losses, relative; of weights
};

class TwoProcessesLearn : public TwoProcesses, public ::testing::WithParamInterface<Kind> {
 protected:
  std::vector<float> Weights(const std::string& checkpoint) const {
    const std::string bytes = folder_.Read(checkpoint + "/model.safetensors");
    uint64_t header = 0;
    EXPECT_GT(bytes.size(), 8u) << checkpoint;
    if (bytes.size() < 8) return {};
    std::memcpy(&header, bytes.data(), sizeof(header));
    std::vector<float> weights((bytes.size() - 8 - header) / sizeof(float));
    std::memcpy(weights.data(), bytes.data() + 8 + header, weights.size() * sizeof(float));
    return weights;
  }
};

TEST_P(TwoProcessesLearn, WhatOneDoesWithTheSummedBatch) {
  config_["data"]["eval"] = config_["data"]["train"];
  config_["run"].update({{"steps", 20}, {"eval_every", 5}, {"eval_batches", 7}, {"dropout", 0.1}});
  config_["init"] = QUANTA_TEST_DATA "/hf/llama_untied";
  config_["run"]["length"] = 32;
  config_.merge_patch(Json::parse(GetParam().settings));
  const uint32_t passes = config_["run"].value("accumulate", 1u);
  const Outcome outcome = Both(Train(Configure("two")));
  ASSERT_EQ(outcome.exit_code, 0) << outcome.err;
  config_["run"]["accumulate"] = 2 * passes;
  Configure("one");
  Trainer one(ParseTrainConfig(Json::parse(config_.dump()), "c.json"), {});
  one.Run();

  double worst = 0;
  for (const char* key : {"loss", "eval_loss"}) {
    const auto a = Metrics(folder_, key, "one/metrics.jsonl"),
               b = Metrics(folder_, key, "two/metrics.jsonl");
    ASSERT_EQ(a.size(), b.size());
    ASSERT_FALSE(a.empty());
    for (size_t i = 0; i < a.size(); ++i) worst = std::max(worst, std::abs(b[i] / a[i] - 1));
    if (key[0] == 'l') {
      EXPECT_NEAR(b[1] / a[1], 1, 1e-6) << "the second step";
    }
  }
  EXPECT_LT(worst, GetParam().loss);
  EXPECT_EQ(Metrics(folder_, "tokens", "one/metrics.jsonl"),
            Metrics(folder_, "tokens", "two/metrics.jsonl"));
  const auto a = Weights("one/step-000020"), b = Weights("two/step-000020");
  ASSERT_EQ(a.size(), b.size());
  // Root mean square: with QAT a last bit flips a rounding, and AdamW makes whole steps of it in
  // single weights.
  double squares = 0;
  for (size_t i = 0; i < a.size(); ++i) squares += std::pow(double{a[i]} - double{b[i]}, 2);
  const double difference = std::sqrt(squares / static_cast<double>(a.size()));
  EXPECT_LT(difference, GetParam().weight);
  RecordProperty("largest_relative_difference_of_losses", std::to_string(worst * 1e9) + "e-9");
  RecordProperty("rms_difference_of_weights", std::to_string(difference * 1e6) + "e-6");
}

INSTANTIATE_TEST_SUITE_P(
    Kinds, TwoProcessesLearn,
    ::testing::Values(Kind{"plain", R"({"init": "", "run": {"length": 48}})", 1e-5, 1e-6},
                      Kind{"lora", R"({"run": {"accumulate": 2}, "lora": {"rank": 3}})", 1e-5,
                           1e-6},
                      // What lies on the edge of two steps may be rounded the other way some time,
                      // and what comes behind responds to that. Until then it is as the others.
                      Kind{"qat", R"({"run": {"accumulate": 2}, "qat": {"scheme": "q8"},
                        "optimizer": {"lr": 0.001}})",
                           1e-2, 5e-4}),
    [](const auto& param) { return param.param.name; });

TEST_F(TwoProcesses, WhenOneIsKilledAllEndAndAResumedRunIsAsIfItHadNotBeen) {
  config_["data"]["eval"] = config_["data"]["train"];
  config_["run"].update(
      {{"steps", 60}, {"save_every", 10}, {"eval_every", 30}, {"eval_batches", 4}});
  const Outcome whole = Both(Train(Configure("whole")));
  ASSERT_EQ(whole.exit_code, 0) << whole.err;

  const std::string config = Configure("killed");
  const pid_t pid = Start(config);
  kill(SecondOf(config, "killed", 22), SIGKILL);
  EXPECT_NE(Wait(pid), 0);
  EXPECT_FALSE(fs::exists(folder_.File("killed/step-000060")));
  const Outcome rest = Both(Train(config));
  ASSERT_EQ(rest.exit_code, 0) << rest.err;
  ExpectSameRun("whole", "killed", "/step-000060");
}

TEST_F(TwoProcesses, OneThatIsInterruptedStopsAllBehindACheckpoint) {
  config_["run"].update({{"steps", 1000000}, {"save_every", 0}});
  const std::string config = Configure("out");
  const pid_t pid = Start(config);
  kill(SecondOf(config, "out", 5), SIGTERM);
  EXPECT_EQ(Wait(pid), 130);
  EXPECT_THAT(folder_.Read("err"), HasSubstr("interrupted; --resume goes on from"));
  EXPECT_TRUE(fs::exists(folder_.File("out/last/model.safetensors")));
}

TEST_F(TwoProcesses, EndWithOneMessageWhenTheLossIsNotANumber) {
  config_["optimizer"] = {{"lr", 99}, {"warmup", 6}, {"weight_decay", 99}};
  config_["run"].update({{"steps", 300}, {"clip", 0}, {"spikes", 0}, {"save_every", 2}});
  ExpectOneMessage(Both(Train(Configure("out"))), 1, "is not a number any more");
}

TEST_F(TwoProcesses, EndWithOneMessageWhenTheDiskOfTheFirstIsFull) {
  std::string limited = "ulimit -f 64; exec";  // in KiB: less than the weights take
  for (const std::string& word : Train(Configure("out"))) limited += " '" + word + "'";
  std::vector<std::string> first = {"sh", "-c", limited};
  // Memory that processes share is a file to the limit.
  first.insert(first.begin(), {"--mca", "btl", "self,tcp", "-n", "1"});
  first.insert(first.end(), {":", "-n", "1"});
  for (const std::string& word : Train(folder_.File("out.json"))) first.push_back(word);
  const Outcome outcome = Mpirun(first);
  ExpectOneMessage(outcome, 1, "no space left");
  EXPECT_FALSE(fs::exists(folder_.File("out/step-000004")));
}

TEST_F(TwoProcesses, AProblemOfOneIsToldOnceAndEndsAll) {
  const std::string good = Configure("out");
  ExpectOneMessage(OneOfEach(Train(good), Train(folder_.File("none.json"))), 1,
                   "process 1: " + folder_.File("none.json"));
}

TEST_F(TwoProcesses, ThatComeToDifferentWeightsAreStoppedBeforeTheySave) {
  const std::string good = Configure("out");
  config_["optimizer"]["lr"] = 0.02;
  const std::string other = folder_.Write("other.json", config_.dump());
  ExpectOneMessage(OneOfEach(Train(good), Train(other)), 1,
                   "step 4: the processes hold different weights or data");
  EXPECT_FALSE(fs::exists(folder_.File("out/step-000004")));
}

TEST_F(TwoProcesses, AnotherNumberOfThemMakesAnotherBatch) {
  ASSERT_EQ(Both(Train(Configure("out"))).exit_code, 0);
  const Outcome alone = cli::RunProgramFile(QUANTA_PROGRAM, [&] {
    std::vector<std::string> words = Train(folder_.File("out.json"));
    words.erase(words.begin());
    return words;
  }());
  ExpectOneMessage(alone, 2, "'batch'");
  EXPECT_THAT(alone.err, HasSubstr("run.accumulate times the processes counts"));
  config_["run"].update({{"accumulate", 2}, {"steps", 13}});
  Configure("out");
  Trainer one(ParseTrainConfig(Json::parse(config_.dump()), "c.json"), {.resume = true});
  one.Run();
  EXPECT_EQ(Metrics(folder_, "loss").size(), 13u) << "with twice the passes it may go on alone";
}

TEST(CommandsForOneProcess, RefuseToBeSeveral) {
  for (const char* rank : {"0", "1"}) {
    setenv("OMPI_COMM_WORLD_SIZE", "2", 1);
    setenv("OMPI_COMM_WORLD_RANK", rank, 1);
    const Outcome outcome = cli::RunProgramFile(QUANTA_PROGRAM, {"plot", "run"});
    unsetenv("OMPI_COMM_WORLD_SIZE");
    unsetenv("OMPI_COMM_WORLD_RANK");
    EXPECT_EQ(outcome.exit_code, 2);
    EXPECT_EQ(outcome.err, rank[0] == '0' ? "quanta-train: 'plot' is for one process; start it "
                                            "without mpirun\n"
                                          : "");
  }
}

}  // namespace
}  // namespace quanta::train
