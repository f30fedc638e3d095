// SPDX-License-Identifier: MIT
#include "runtime/core/thread_pool.h"

#include <gtest/gtest.h>

#include <atomic>
#include <cstdint>
#include <numeric>
#include <vector>

#if QUANTA_THREADS
#include <chrono>
#include <thread>
#endif

namespace quanta {
namespace {

/// Plain memory on purpose: a missing happens-before shows under ThreadSanitizer.
std::vector<int> CountTiles(size_t tiles, int threads) {
  std::vector<int> counts(tiles, 0);
  ParallelFor(ThreadPool::Process(), tiles, threads, [&](size_t tile, int) { counts[tile] += 1; });
  return counts;
}

TEST(ThreadPool, DoesEveryTileOnce) {
  ThreadPool::Process().Reserve(4);
  for (const size_t tiles : {0u, 1u, 2u, 3u, 7u, 64u, 1000u}) {
    for (const int threads : {-1, 0, 1, 2, 3, 4, 9}) {
      EXPECT_EQ(CountTiles(tiles, threads), std::vector<int>(tiles, 1))
          << tiles << " tiles, " << threads << " threads";
    }
  }
}

TEST(ThreadPool, MakesTheTilesWritesVisibleManyTimes) {
  const int threads = ThreadPool::Process().Reserve(3);
  std::vector<uint64_t> values(16, 0);
  for (uint64_t round = 1; round <= 5000; ++round) {
    ParallelFor(ThreadPool::Process(), values.size(), threads,
                [&](size_t tile, int) { values[tile] += round * tile; });
    const uint64_t sum = std::accumulate(values.begin(), values.end(), uint64_t{0});
    ASSERT_EQ(sum, 120 * round * (round + 1) / 2);
  }
}

TEST(ThreadPool, WorkersStayBelowTheThreadCountAndAreNeverUsedTwiceAtATime) {
  ThreadPool& pool = ThreadPool::Process();
  pool.Reserve(4);
  for (const int threads : {1, 2, 3, 4}) {
    std::vector<std::atomic<int>> inside(static_cast<size_t>(threads));
    std::atomic<int> errors = 0;
    ParallelFor(pool, 500, threads, [&](size_t, int worker) {
      if (worker < 0 || worker >= threads) {
        ++errors;
        return;
      }
      auto& seat = inside[static_cast<size_t>(worker)];
      if (seat.fetch_add(1) != 0) ++errors;
      seat.fetch_sub(1);
    });
    EXPECT_EQ(errors, 0) << threads;
  }
}

TEST(ThreadPool, ANestedRunIsDoneInline) {
  ThreadPool& pool = ThreadPool::Process();
  pool.Reserve(2);
  std::vector<std::vector<int>> counts(8, std::vector<int>(8, 0));
  ParallelFor(pool, 8, 2, [&](size_t outer, int) {
    ParallelFor(pool, 8, 2, [&](size_t inner, int worker) {
      if (worker == 0) counts[outer][inner] += 1;
    });
  });
  for (const auto& row : counts) EXPECT_EQ(row, std::vector<int>(8, 1));
}

TEST(ThreadPool, ReserveSaysHowManyCanTakePart) {
  EXPECT_EQ(ThreadPool::Process().Reserve(1), 1);
  EXPECT_EQ(ThreadPool::Process().Reserve(-5), 1);
  const int two = ThreadPool::Process().Reserve(2);
  EXPECT_EQ(two, QUANTA_THREADS ? 2 : 1);
}

#if QUANTA_THREADS

TEST(ThreadPool, TwoThreadsReallyShareTheWork) {
  ThreadPool& pool = ThreadPool::Process();
  ASSERT_EQ(pool.Reserve(2), 2);
  std::atomic<int> present = 0;
  // Each tile waits for the other: only two threads at once can finish.
  ParallelFor(pool, 2, 2, [&](size_t, int) {
    present.fetch_add(1);
    while (present.load() < 2) std::this_thread::yield();
  });
  EXPECT_EQ(present, 2);
}

TEST(ThreadPool, SleepingWorkersWakeUp) {
  ThreadPool& pool = ThreadPool::Process();
  ASSERT_EQ(pool.Reserve(2), 2);
  for (int round = 0; round < 5; ++round) {
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
    std::atomic<int> present = 0;
    ParallelFor(pool, 2, 2, [&](size_t, int) {
      present.fetch_add(1);
      while (present.load() < 2) std::this_thread::yield();
    });
  }
}

TEST(ThreadPool, ASleepingCallerWakesUp) {
  ThreadPool& pool = ThreadPool::Process();
  ASSERT_EQ(pool.Reserve(2), 2);
  for (int round = 0; round < 5; ++round) {
    std::atomic<int> present = 0;
    ParallelFor(pool, 2, 2, [&](size_t, int worker) {
      present.fetch_add(1);
      while (present.load() < 2) std::this_thread::yield();
      if (worker != 0) std::this_thread::sleep_for(std::chrono::milliseconds(20));
    });
  }
}

TEST(ThreadPool, CallersAtTheSameTimeGetTheirOwnResults) {
  ThreadPool::Process().Reserve(3);
  std::atomic<int> wrong = 0;
  auto caller = [&](size_t tiles) {
    for (int round = 0; round < 2000; ++round) {
      if (CountTiles(tiles, 3) != std::vector<int>(tiles, 1)) ++wrong;
    }
  };
  std::thread first(caller, 5);
  std::thread second(caller, 9);
  caller(33);
  first.join();
  second.join();
  EXPECT_EQ(wrong, 0);
}

TEST(ThreadPool, MoreThreadsThanCoresFinish) {
  const int threads = 4 * ThreadPool::UsableCores();
  EXPECT_EQ(ThreadPool::Process().Reserve(threads), threads);
  for (int round = 0; round < 500; ++round) {
    ASSERT_EQ(CountTiles(100, threads), std::vector<int>(100, 1));
  }
}

#endif

}  // namespace
}  // namespace quanta
