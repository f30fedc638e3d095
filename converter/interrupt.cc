// SPDX-License-Identifier: MIT
#include "converter/interrupt.h"

#include <csignal>

namespace quanta::converter {
namespace {

std::atomic<bool> interrupted{false};
static_assert(std::atomic<bool>::is_always_lock_free, "a signal handler may store to it");

void OnSignal(int) { interrupted.store(true, std::memory_order_relaxed); }

}  // namespace

const std::atomic<bool>* WatchInterrupts() {
  struct sigaction action = {};
  action.sa_handler = OnSignal;
  action.sa_flags = SA_RESTART;  // calls go on; work asks the flag between two pieces
  sigemptyset(&action.sa_mask);
  for (const int signal : {SIGINT, SIGTERM}) sigaction(signal, &action, nullptr);
  // A limit on file sizes is then an error of write, which says more.
  action.sa_handler = SIG_IGN;
  sigaction(SIGXFSZ, &action, nullptr);
  return &interrupted;
}

}  // namespace quanta::converter
