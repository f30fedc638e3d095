// SPDX-License-Identifier: MIT
#include "runtime/core/thread_pool.h"

#include <algorithm>

#include "quanta/check.h"
#include "runtime/core/usable_cores.h"

#if QUANTA_THREADS
#include <pthread.h>
#include <signal.h>

#include <atomic>
#include <chrono>
#include <cstdint>

#include "runtime/core/futex.h"
#endif

namespace quanta {
namespace {

void RunInline(size_t tiles, ThreadPool::Body body, void* context) {
  for (size_t tile = 0; tile < tiles; ++tile) body(context, tile, 0);
}

#if QUANTA_THREADS

constexpr int kMaxThreads = 256;
/// Longer than the gaps between two products of a token, shorter than waking up
/// would be worth the power.
constexpr std::chrono::microseconds kSpin{40};

void Pause() {
#if defined(__x86_64__) || defined(__i386__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  asm volatile("yield");
#endif
}

/// Whether `done()` came true within kSpin.
template <class Condition>
bool SpinUntil(const Condition& done) {
  // The clock costs more than a pause: read it once in a while.
  const auto end = std::chrono::steady_clock::now() + kSpin;
  do {
    for (int i = 0; i < 64; ++i) {
      if (done()) return true;
      Pause();
    }
  } while (std::chrono::steady_clock::now() < end);
  return done();
}

/// One job at a time.
///
/// `work` is the whole protocol: how many threads may take part, and how many
/// tiles nobody has claimed yet. A tile is claimed by counting `work` down, which
/// can only succeed while a job is open, and the job's fields stay as they are
/// until every claimed tile is done. So who comes late finds nothing to claim and
/// nobody waits for them, and a claim needs to know no more than `work`.
class Pool {
 public:
  int Reserve(int threads);
  void Run(size_t tiles, int threads, ThreadPool::Body body, void* context);
  /// A worker's life.
  [[noreturn]] void Serve(int worker);

 private:
  void WaitForTiles(uint32_t tiles);

  static uint64_t Pack(uint64_t threads, uint64_t tiles) { return threads << 32 | tiles; }
  static bool Claimable(uint64_t work, int worker) {
    return static_cast<uint32_t>(work) != 0 && static_cast<uint64_t>(worker) < work >> 32;
  }
  /// True: `*tile` is ours to do.
  bool Claim(int worker, size_t* tile);
  /// Does tiles until none is left to claim; how many.
  uint32_t DoTiles(int worker);

  alignas(64) std::atomic<uint64_t> work_{0};
  ThreadPool::Body body_ = nullptr;  // this and the next two: of the open job
  void* context_ = nullptr;
  uint32_t tiles_ = 0;

  alignas(64) std::atomic<uint32_t> done_{0};  // tiles of the open job
  std::atomic<bool> caller_sleeps_{false};

  alignas(64) std::atomic<uint32_t> epoch_{0};  // counts calls to wake up
  std::atomic<uint32_t> sleepers_{0};

  alignas(64) std::atomic<bool> busy_{false};
  std::atomic<int> workers_{0};
  pthread_mutex_t starting_ = PTHREAD_MUTEX_INITIALIZER;
};

bool Pool::Claim(int worker, size_t* tile) {
  uint64_t work = work_.load(std::memory_order_acquire);
  do {
    if (!Claimable(work, worker)) return false;
  } while (!work_.compare_exchange_weak(work, work - 1, std::memory_order_acquire));
  *tile = tiles_ - static_cast<uint32_t>(work);
  return true;
}

uint32_t Pool::DoTiles(int worker) {
  uint32_t count = 0;
  for (size_t tile = 0; Claim(worker, &tile); ++count) body_(context_, tile, worker);
  return count;
}

void Pool::Run(size_t tiles, int threads, ThreadPool::Body body, void* context) {
  QUANTA_CHECK(tiles <= UINT32_MAX);
  threads = std::min(threads, workers_.load(std::memory_order_acquire) + 1);
  if (threads <= 1 || tiles <= 1 || busy_.exchange(true, std::memory_order_acquire)) {
    return RunInline(tiles, body, context);
  }
  body_ = body;
  context_ = context;
  tiles_ = static_cast<uint32_t>(tiles);
  done_.store(0, std::memory_order_relaxed);
  // Sequentially consistent, like Serve's end: we see the sleeper or it sees the work.
  work_.store(Pack(static_cast<uint64_t>(threads), tiles));
  if (sleepers_.load() != 0) {
    epoch_.fetch_add(1);
    FutexWake(&epoch_);
  }
  const uint32_t own = DoTiles(0);
  WaitForTiles(tiles_ - own);
  busy_.store(false, std::memory_order_release);
}

/// Until the workers have done `tiles`: each of them has begun one by now.
void Pool::WaitForTiles(uint32_t tiles) {
  const auto all_done = [&] { return done_.load(std::memory_order_acquire) == tiles; };
  if (all_done() || SpinUntil(all_done)) return;
  caller_sleeps_.store(true);
  for (uint32_t done = done_.load(); done != tiles; done = done_.load()) FutexWait(&done_, done);
  caller_sleeps_.store(false);
}

void Pool::Serve(int worker) {
  for (;;) {
    const uint32_t epoch = epoch_.load();
    const uint32_t count = DoTiles(worker);
    if (count != 0) {
      done_.fetch_add(count);
      if (caller_sleeps_.load()) FutexWake(&done_);
    }
    const auto has_work = [&] { return Claimable(work_.load(std::memory_order_relaxed), worker); };
    if (SpinUntil(has_work)) continue;
    sleepers_.fetch_add(1);
    if (!Claimable(work_.load(), worker)) FutexWait(&epoch_, epoch);
    sleepers_.fetch_sub(1);
  }
}

constinit Pool process_pool;

void* Main(void* number) {
  process_pool.Serve(static_cast<int>(reinterpret_cast<intptr_t>(number)));
  return nullptr;
}

/// False: the system has no thread left.
bool StartWorker(int number) {
  // Signals are for the threads of the program, e.g. the one that reads Ctrl-C.
  sigset_t all;
  sigset_t before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  pthread_t thread;
  void* argument = reinterpret_cast<void*>(static_cast<intptr_t>(number));
  const bool started = pthread_create(&thread, nullptr, Main, argument) == 0;
  if (started) pthread_detach(thread);
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  return started;
}

int Pool::Reserve(int threads) {
  threads = std::clamp(threads, 1, kMaxThreads);
  pthread_mutex_lock(&starting_);
  int workers = workers_.load(std::memory_order_relaxed);
  while (workers + 1 < threads && StartWorker(workers + 1)) {
    workers_.store(++workers, std::memory_order_release);
  }
  pthread_mutex_unlock(&starting_);
  return std::min(threads, workers + 1);
}

#endif  // QUANTA_THREADS

}  // namespace

ThreadPool& ThreadPool::Process() {
  static constinit ThreadPool pool;
  return pool;
}

#if QUANTA_THREADS

int ThreadPool::UsableCores() {
  const CoreSet mask = AffinityMask();
  const int cores = mask.any() ? FastCores("/sys/devices", mask) : AffinityCores();
  const int paid = CgroupCores("/proc/self/cgroup", "/sys/fs/cgroup");
  return paid == 0 ? cores : std::min(cores, paid);
}

int ThreadPool::Reserve(int threads) { return process_pool.Reserve(threads); }

void ThreadPool::Run(size_t tiles, int threads, Body body, void* context) {
  process_pool.Run(tiles, threads, body, context);
}

#else

int ThreadPool::UsableCores() { return 1; }
int ThreadPool::Reserve(int) { return 1; }
void ThreadPool::Run(size_t tiles, int, Body body, void* context) {
  RunInline(tiles, body, context);
}

#endif

}  // namespace quanta
