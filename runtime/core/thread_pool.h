// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>

namespace quanta {

/// The process's one pool of worker threads (DESIGN: "one pool per process").
///
/// Work is a number of tiles, handed out one by one to whoever asks next, the
/// calling thread included, so a core that is taken away costs its share only:
/// Run waits for tiles that were begun, never for a thread that has none.
/// Workers spin for a bounded time after their last tile (decoding submits work
/// every few microseconds) and then sleep. If the pool is busy with another
/// session's work, or Run is called from a tile, the calling thread does it all.
/// Workers are started by Reserve, never by Run: Run allocates nothing and
/// takes no lock.
class ThreadPool {
 public:
  static ThreadPool& Process();

  /// Cores this process may use: affinity, cgroup quota (v1 and v2; rounded down), of a chip with
  /// several kinds the fast ones; at least 1.
  static int UsableCores();

  ThreadPool(const ThreadPool&) = delete;
  ThreadPool& operator=(const ThreadPool&) = delete;

  /// Makes sure that `threads` threads (the caller's included) can take part.
  /// Returns how many can: fewer if threads cannot be started or there is no
  /// thread support (QUANTA_THREADS=0: always 1). The workers live until the
  /// process ends.
  int Reserve(int threads);

  /// tile: in [0, tiles), begun in rising order. worker: in [0, threads), unique
  /// among those running at the same time; for per-worker scratch.
  using Body = void (*)(void* context, size_t tile, int worker);

  /// Calls body once for every tile (at most 2^32 - 1), on up to `threads`
  /// threads, and returns when all are done; their writes are then visible to
  /// the caller.
  void Run(size_t tiles, int threads, Body body, void* context);

 private:
  ThreadPool() = default;
};

/// `ParallelFor(pool, tiles, threads, [&](size_t tile, int worker) { ... })`
template <class Function>
void ParallelFor(ThreadPool& pool, size_t tiles, int threads, const Function& function) {
  pool.Run(
      tiles, threads,
      [](void* context, size_t tile, int worker) {
        (*static_cast<const Function*>(context))(tile, worker);
      },
      const_cast<void*>(static_cast<const void*>(&function)));
}

}  // namespace quanta
