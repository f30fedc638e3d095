// SPDX-License-Identifier: MIT
#pragma once

#include <atomic>
#include <climits>
#include <cstdint>

#if defined(__linux__)
#include <linux/futex.h>
#include <sys/syscall.h>
#include <unistd.h>
#elif defined(__EMSCRIPTEN__)
#include <emscripten/threading.h>

#include <cmath>
#endif

namespace quanta {

/// Sleeps while `word` is `expected`, until FutexWake; may also return for no
/// reason. std::atomic::wait would do, but polls in WebAssembly's C++ library.
inline void FutexWait(std::atomic<uint32_t>* word, uint32_t expected) {
#if defined(__linux__)
  syscall(SYS_futex, word, FUTEX_WAIT_PRIVATE, expected, nullptr, nullptr, 0);
#elif defined(__EMSCRIPTEN__)
  emscripten_futex_wait(word, expected, INFINITY);
#else
  word->wait(expected);
#endif
}

/// Wakes everyone who sleeps on `word`.
inline void FutexWake(std::atomic<uint32_t>* word) {
#if defined(__linux__)
  syscall(SYS_futex, word, FUTEX_WAKE_PRIVATE, INT_MAX, nullptr, nullptr, 0);
#elif defined(__EMSCRIPTEN__)
  emscripten_futex_wake(word, INT_MAX);
#else
  word->notify_all();
#endif
}

}  // namespace quanta
