// SPDX-License-Identifier: MIT
#include "runtime/cli/output.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <string>

#include "runtime/cli/error.h"
#include "runtime/cli/interrupt.h"

namespace quanta::cli {
namespace {

/// False with errno set if not everything could be written: EINTR after Ctrl-C.
bool WriteAll(int descriptor, std::string_view text) {
  while (!text.empty()) {
    const ssize_t written = write(descriptor, text.data(), text.size());
    if (written < 0 && errno == EINTR && !Interrupted()) continue;
    if (written < 0) return false;
    text.remove_prefix(static_cast<size_t>(written));
  }
  return true;
}

bool IsTerminal(int descriptor) {
  // Under node, isatty takes pipes for terminals too.
  struct stat status = {};
  return isatty(descriptor) == 1 && fstat(descriptor, &status) == 0 && S_ISCHR(status.st_mode);
}

}  // namespace

void PrepareStreams() {
  for (int descriptor = 0; descriptor <= 2; ++descriptor) {
    if (fcntl(descriptor, F_GETFD) == -1 && errno == EBADF) {
      // The lowest free number: this one.
      static_cast<void>(open("/dev/null", descriptor == 0 ? O_RDONLY : O_WRONLY));
    }
  }
  signal(SIGPIPE, SIG_IGN);
}

void Write(std::string_view text) {
  if (WriteAll(STDOUT_FILENO, text)) return;
  const int reason = errno;
  if (reason == EPIPE) throw OutputClosed();
  if (reason == EINTR) throw Error(Code::kCancelled, "", "interrupted");
  throw Error(reason == ENOSPC ? Code::kNoSpace : Code::kIo, "standard output",
              std::string("cannot write: ") + std::strerror(reason));
}

void Say(std::string_view text) {
  static const bool terminal = OutputIsTerminal();
  if (!terminal) return Write(text);
  std::string shown(text);
  for (char& c : shown) {
    if ((static_cast<unsigned char>(c) < 0x20 && c != '\n' && c != '\t') || c == 0x7f) c = '?';
  }
  Write(shown);
}

void Complain(std::string_view line) {
  static_cast<void>(WriteAll(STDERR_FILENO, std::string(line) + "\n"));
}

void ComplainInPlace(std::string_view line) {
  static_cast<void>(WriteAll(STDERR_FILENO, "\r\x1b[K" + std::string(line)));
}

bool InputIsTerminal() { return IsTerminal(STDIN_FILENO); }
bool OutputIsTerminal() { return IsTerminal(STDOUT_FILENO); }
bool ErrorIsTerminal() { return IsTerminal(STDERR_FILENO); }

}  // namespace quanta::cli
