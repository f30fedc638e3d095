// SPDX-License-Identifier: MIT
#include "converter/writer/atomic_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <utility>

namespace quanta::writer {
namespace {

using ull = unsigned long long;

Status IoError(const char* what, const std::string& path, int error, ErrorDetail* detail) {
  const Code code = error == ENOENT || error == ENOTDIR ? Code::kNotFound : Code::kIo;
  return Fail(detail, code, what, "%s: %s", path.c_str(), std::strerror(error));
}

/// "folder/" or "" of a path, so that folder + name is the path.
std::string FolderOf(const std::string& path) {
  const size_t slash = path.rfind('/');
  return slash == std::string::npos ? "" : path.substr(0, slash + 1);
}

std::string FollowLinks(const std::string& path) {
  const std::unique_ptr<char, decltype(&std::free)> real(realpath(path.c_str(), nullptr),
                                                         &std::free);
  return real == nullptr ? path : real.get();
}

/// A name that nothing else in the folder has; O_EXCL decides.
std::string TemporaryName(const std::string& target, unsigned attempt) {
  const std::string folder = FolderOf(target);
  constexpr size_t kMostOfName = 200;  // NAME_MAX is 255
  const std::string name = target.substr(folder.size(), kMostOfName);
  char suffix[32];
  std::snprintf(suffix, sizeof(suffix), ".%lx-%x", static_cast<unsigned long>(getpid()), attempt);
  return folder + "." + name + suffix;
}

bool MeansFull(int error) { return error == ENOSPC || error == EDQUOT || error == EFBIG; }

/// Makes a rename in `folder` survive a power cut. Best effort: some file systems
/// cannot, and the file itself is complete either way.
void SyncFolder(const std::string& folder) {
  const int fd = open(folder.empty() ? "." : folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) return;
  fsync(fd);
  close(fd);
}

}  // namespace

Result<AtomicFile> AtomicFile::Create(const std::string& target, ErrorDetail* detail) {
  AtomicFile file;
  file.target_ = FollowLinks(target);
  struct stat old;
  const bool exists = stat(file.target_.c_str(), &old) == 0;
  if (exists && !S_ISREG(old.st_mode)) {
    return Fail(detail, Code::kIo, "cannot write the file", "%s: is not a regular file",
                target.c_str());
  }
  for (unsigned attempt = 0; file.fd_ < 0; ++attempt) {
    const std::string name = TemporaryName(file.target_, attempt);
    file.fd_ = open(name.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    if (file.fd_ >= 0) file.temporary_ = name;
    if (file.fd_ < 0 && (errno != EEXIST || attempt == 1000)) {
      return IoError("cannot write the file", target, errno, detail);
    }
  }
  if (exists) static_cast<void>(fchmod(file.fd_, old.st_mode & 07777));
  return file;
}

AtomicFile::AtomicFile(AtomicFile&& other) noexcept { *this = std::move(other); }

AtomicFile& AtomicFile::operator=(AtomicFile&& other) noexcept {
  if (this == &other) return *this;
  Discard();
  fd_ = std::exchange(other.fd_, -1);
  target_ = std::move(other.target_);
  temporary_ = std::exchange(other.temporary_, std::string());
  pending_ = std::exchange(other.pending_, {});
  written_ = other.written_;
  reserved_ = other.reserved_;
  return *this;
}

AtomicFile::~AtomicFile() { Discard(); }

void AtomicFile::Discard() {
  if (fd_ >= 0) close(std::exchange(fd_, -1));
  if (!temporary_.empty()) unlink(temporary_.c_str());
  temporary_.clear();
}

Status AtomicFile::WriteError(int error, uint64_t needed, ErrorDetail* detail) const {
  if (!MeansFull(error)) return IoError("cannot write the file", target_, error, detail);
  struct statvfs space;
  const bool known = fstatvfs(fd_, &space) == 0;
  const uint64_t available = known ? uint64_t{space.f_bavail} * space.f_frsize : 0;
  const char* limit = error == EFBIG ? "files may not be that large here" : "the device is full";
  return Fail(detail, Code::kNoSpace, "no space left",
              "%s: %llu bytes needed, %llu available (%s); the file was not changed",
              target_.c_str(), static_cast<ull>(needed), static_cast<ull>(available), limit);
}

Status AtomicFile::Reserve(uint64_t bytes, ErrorDetail* detail) {
  if (bytes > static_cast<uint64_t>(INT64_MAX)) return WriteError(EFBIG, bytes, detail);
  reserved_ = bytes;
  // Asked first, since taking what there is until it runs out is slow.
  struct statvfs space;
  if (fstatvfs(fd_, &space) == 0 && uint64_t{space.f_bavail} * space.f_frsize < bytes) {
    return WriteError(ENOSPC, bytes, detail);
  }
#ifdef __linux__
  int failed = 0;
  do {
    failed = fallocate(fd_, 0, 0, static_cast<off_t>(bytes));
  } while (failed != 0 && errno == EINTR);
  if (failed != 0 && errno != EOPNOTSUPP && errno != ENOSYS) {
    return WriteError(errno, bytes, detail);
  }
#endif
  return {};
}

Status AtomicFile::Write(std::span<const std::byte> bytes, ErrorDetail* detail) {
  while (!bytes.empty()) {
    const auto part = bytes.first(std::min(bytes.size(), kPiece - pending_.size()));
    pending_.insert(pending_.end(), part.begin(), part.end());
    written_ += part.size();
    bytes = bytes.subspan(part.size());
    if (pending_.size() == kPiece) QUANTA_TRY(Flush(detail));
  }
  return {};
}

Status AtomicFile::Flush(ErrorDetail* detail) {
  QUANTA_TRY(PutAt(written_ - pending_.size(), pending_, detail));
  pending_.clear();
  return {};
}

Status AtomicFile::WriteAt(uint64_t offset, std::span<const std::byte> bytes, ErrorDetail* detail) {
  QUANTA_TRY(Flush(detail));
  return PutAt(offset, bytes, detail);
}

Status AtomicFile::PutAt(uint64_t offset, std::span<const std::byte> bytes, ErrorDetail* detail) {
  const uint64_t end = offset + bytes.size();
  while (!bytes.empty()) {
    const ssize_t count = pwrite(fd_, bytes.data(), bytes.size(), static_cast<off_t>(offset));
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) {
      return WriteError(count < 0 ? errno : EIO, std::max(end, reserved_), detail);
    }
    offset += static_cast<uint64_t>(count);
    bytes = bytes.subspan(static_cast<size_t>(count));
  }
  return {};
}

Status AtomicFile::Commit(ErrorDetail* detail) {
  QUANTA_TRY(Flush(detail));
  // What was reserved but not written would be zeros after the end.
  const bool flushed = ftruncate(fd_, static_cast<off_t>(written_)) == 0 && fsync(fd_) == 0;
  if (!flushed) return WriteError(errno, std::max(written_, reserved_), detail);
  if (rename(temporary_.c_str(), target_.c_str()) != 0) {
    return IoError("cannot replace the file", target_, errno, detail);
  }
  temporary_.clear();
  close(std::exchange(fd_, -1));
  SyncFolder(FolderOf(target_));
  return {};
}

}  // namespace quanta::writer
