// SPDX-License-Identifier: MIT
#include "runtime/kernels/quant/faster_way.h"

#include <gtest/gtest.h>

#include <vector>

#if QUANTA_THREADS
#include <thread>
#endif

namespace quanta::kernels {
namespace {

/// A machine where a way takes so many nanoseconds a KiB.
struct Machine {
  SpeedTrial trial;
  int64_t each[2];
  int64_t taken[2] = {0, 0};  ///< bytes

  Machine(int64_t first, int64_t second) : each{first, second} {}

  /// So many bytes, in products of a megabyte.
  void Run(int64_t bytes) {
    constexpr int64_t kBytes = 1 << 20;
    for (int64_t done = 0; done < bytes; done += kBytes) {
      const SpeedTrial::Turn turn = trial.Next(kBytes);
      taken[turn.way] += kBytes;
      if (turn.timed) trial.Record(turn.way, kBytes, each[turn.way] << 10);
    }
  }
  /// How much of the next `bytes` the second way takes.
  double ShareOfSecond(int64_t bytes) {
    taken[0] = taken[1] = 0;
    Run(bytes);
    return static_cast<double>(taken[1]) / static_cast<double>(bytes);
  }
};

constexpr int64_t kRound = SpeedTrial::kStay + 2 * SpeedTrial::kTrial;

TEST(SpeedTrial, FindsTheFasterOneInItsFirstTrial) {
  for (const int faster : {0, 1}) {
    Machine machine(100, 100);
    machine.each[faster] = 99;
    machine.Run(3 * SpeedTrial::kTrial);
    const double share = machine.ShareOfSecond(SpeedTrial::kTrial);
    EXPECT_EQ(share, faster) << faster;
  }
}

TEST(SpeedTrial, TheSlowerOneTakesAHundredthOfTheBytesAtMost) {
  for (const int faster : {0, 1}) {
    Machine machine(100, 100);
    machine.each[faster] = 50;
    machine.Run(3 * SpeedTrial::kTrial);
    const double share = machine.ShareOfSecond(20 * kRound);
    EXPECT_GT(faster == 1 ? 1 - share : share, 0.003);
    EXPECT_LT(faster == 1 ? 1 - share : share, 0.01);
  }
}

TEST(SpeedTrial, ChangesItsMindAfterTwoLostTrials) {
  Machine machine(50, 100);
  machine.Run(kRound);  // a trial, and until the next one
  machine.each[0] = 200;
  machine.Run(2 * SpeedTrial::kTrial);
  EXPECT_EQ(machine.ShareOfSecond(SpeedTrial::kStay), 0);
  machine.Run(2 * SpeedTrial::kTrial);
  EXPECT_EQ(machine.ShareOfSecond(SpeedTrial::kStay), 1);
}

TEST(SpeedTrial, OneInterruptedProductChangesNothing) {
  Machine machine(50, 60);
  machine.Run(kRound);
  machine.each[0] = 5000;
  machine.Run(2 * SpeedTrial::kTrial);
  machine.each[0] = 50;
  for (int i = 0; i < 5; ++i) {
    EXPECT_LT(machine.ShareOfSecond(kRound), 0.05);
    machine.each[0] = i % 2 == 0 ? 5000 : 50;  // every other trial
  }
}

TEST(SpeedTrial, SmallProductsGoTheBetterWayUntimed) {
  Machine machine(100, 50);
  EXPECT_FALSE(machine.trial.Next(1000).timed);
  machine.Run(3 * SpeedTrial::kTrial);
  EXPECT_EQ(machine.trial.Next(1000).way, 1);
}

#if QUANTA_THREADS
TEST(SpeedTrial, ThreadsShareATrial) {
  for (int repeat = 0; repeat < 20; ++repeat) {
    Machine machine(100, 50);
    std::vector<std::thread> threads;
    for (int i = 0; i < 4; ++i) {
      threads.emplace_back([&trial = machine.trial] {
        for (int j = 0; j < 100; ++j) {
          const SpeedTrial::Turn turn = trial.Next(1 << 20);
          if (turn.timed) trial.Record(turn.way, 1 << 20, turn.way == 0 ? 100'000 : 50'000);
        }
      });
    }
    for (std::thread& thread : threads) thread.join();
    EXPECT_EQ(machine.ShareOfSecond(SpeedTrial::kTrial), 1);
  }
}
#endif

}  // namespace
}  // namespace quanta::kernels
