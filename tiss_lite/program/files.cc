// SPDX-License-Identifier: MIT
#include "tiss_lite/program/files.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>

#include "runtime/cli/error.h"
#include "tiss_lite/program/descriptor.h"

namespace quanta::lite::program {
namespace {

[[noreturn]] void Throw(const std::string& path, const char* what) {
  const int reason = errno;
  const Code code = reason == ENOENT   ? Code::kNotFound
                    : reason == ENOSPC ? Code::kNoSpace
                                       : Code::kIo;
  throw cli::Error(code, path, std::string(what) + ": " + std::strerror(reason));
}

}  // namespace

std::string ReadWholeFile(const std::string& path, size_t most) {
  const bool standard = path == "-";
  Descriptor file(standard ? dup(STDIN_FILENO) : open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file.ok()) Throw(path, "cannot be read");
  std::string bytes;
  char buffer[65536];
  while (bytes.size() <= most) {
    const ssize_t count = read(file.get(), buffer, sizeof buffer);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) Throw(path, "cannot be read");
    if (count == 0) return bytes;
    bytes.append(buffer, static_cast<size_t>(count));
  }
  throw cli::Error(Code::kLimit, path, "is larger than " + std::to_string(most / 1024) + " KiB");
}

void ReplaceFile(const std::string& path, std::string_view text) {
  const std::string fresh = path + ".tiss-lite-new";
  struct stat old = {};
  const mode_t mode = stat(path.c_str(), &old) == 0 ? old.st_mode & 07777 : 0644;
  Descriptor file(open(fresh.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, mode));
  if (!file.ok()) Throw(path, "cannot be written");
  if (!WriteAll(file.get(), text) || fchmod(file.get(), mode) != 0 || fsync(file.get()) != 0 ||
      rename(fresh.c_str(), path.c_str()) != 0) {
    const int reason = errno;
    unlink(fresh.c_str());
    errno = reason;
    Throw(path, "cannot be written");
  }
}

}  // namespace quanta::lite::program
