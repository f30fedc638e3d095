// SPDX-License-Identifier: MIT
#include "runtime/cli/interrupt.h"

#include <signal.h>
#include <unistd.h>

#include "quanta/exit_code.h"

namespace quanta::cli {
namespace {

volatile sig_atomic_t interrupted = 0;

void Note(int) {
  if (interrupted != 0) _exit(ExitCode(Code::kCancelled));
  interrupted = 1;
}

}  // namespace

void WatchInterrupts() {
  struct sigaction action = {};
  action.sa_handler = Note;
  sigemptyset(&action.sa_mask);
  // No SA_RESTART: a read from the terminal must return.
  sigaction(SIGINT, &action, nullptr);
  sigaction(SIGTERM, &action, nullptr);
}

bool Interrupted() { return interrupted != 0; }
void ClearInterrupt() { interrupted = 0; }

}  // namespace quanta::cli
