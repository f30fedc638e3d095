// SPDX-License-Identifier: MIT
#include "runtime/cli/interrupt.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <unistd.h>

#include <cerrno>

#include "quanta/exit_code.h"

namespace quanta::cli {
namespace {

volatile sig_atomic_t interrupted = 0;
/// Can be read from the signal on until the flag is taken back; -1: there is none.
int wake[2] = {-1, -1};

void Note(int) {
  if (interrupted != 0) _exit(ExitCode(Code::kCancelled));
  interrupted = 1;
  const int before = errno;
  static_cast<void>(!write(wake[1], "!", 1));
  errno = before;
}

void OpenWake() {
#ifndef __EMSCRIPTEN__  // which has no signals
  if (wake[0] >= 0 || pipe(wake) != 0) return;
  for (const int end : wake) {
    fcntl(end, F_SETFL, O_NONBLOCK);
    fcntl(end, F_SETFD, FD_CLOEXEC);
  }
#endif
}

}  // namespace

void WatchInterrupts() {
  OpenWake();
  struct sigaction action = {};
  action.sa_handler = Note;
  sigemptyset(&action.sa_mask);
  // No SA_RESTART: a read from the terminal must return.
  sigaction(SIGINT, &action, nullptr);
  sigaction(SIGTERM, &action, nullptr);
}

bool Interrupted() { return interrupted != 0; }

void ClearInterrupt() {
  interrupted = 0;
  for (char byte; read(wake[0], &byte, 1) == 1;) {
  }
}

bool WaitToRead(int descriptor) {
  pollfd ends[] = {{descriptor, POLLIN, 0}, {wake[0], POLLIN, 0}};
  while (wake[0] >= 0 && !Interrupted()) {
    if (poll(ends, 2, -1) >= 0 || errno != EINTR) break;
  }
  return !Interrupted();
}

}  // namespace quanta::cli
