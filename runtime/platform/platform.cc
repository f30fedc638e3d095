// SPDX-License-Identifier: MIT
#include "runtime/platform/platform.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstring>
#include <ctime>
#include <utility>

#include "runtime/platform/port.h"

namespace quanta::platform {
namespace {

Status SystemError(const char* path, int reason, ErrorDetail* detail) {
  switch (reason) {
    case ENOENT:
    case ENOTDIR:
      return Fail(detail, Code::kNotFound, "no such file", "%s: no such file%s", path,
                  reason == ENOENT ? "" : "; a part of its path is not a folder");
    case ENOMEM:
      return Fail(detail, Code::kOutOfMemory, "no memory to map a file", "%s: %s", path,
                  std::strerror(reason));
    default:
      return Fail(detail, Code::kIo, "cannot read a file", "%s: %s", path,
                  reason == 0 ? "it ended early" : std::strerror(reason));
  }
}

/// The size of an open file whose bytes can be mapped.
Result<size_t> MappableSize(int file, const char* path, ErrorDetail* detail) {
  struct stat info = {};
  if (fstat(file, &info) != 0) return SystemError(path, errno, detail);
  if (S_ISDIR(info.st_mode)) {
    return Fail(detail, Code::kIo, "not a file", "%s: is a directory, not a file", path);
  }
  if (!S_ISREG(info.st_mode)) {
    return Fail(detail, Code::kIo, "not a file",
                "%s: is a pipe, socket or device; copy its content to a file first", path);
  }
  if (info.st_size <= 0) {
    return Fail(detail, Code::kCorrupt, "empty file",
                "%s: an empty file; was it written or copied to its end?", path);
  }
  const auto size = static_cast<uint64_t>(info.st_size);
  if (size > PTRDIFF_MAX) {
    return Fail(detail, Code::kOutOfMemory, "file exceeds the address space",
                "%s: %llu bytes are more than this machine can address", path,
                static_cast<unsigned long long>(size));
  }
  return static_cast<size_t>(size);
}

/// Closes a file descriptor when its scope ends.
class OpenFile {
 public:
  // Not blocking: opening a pipe would otherwise wait for a writer.
  explicit OpenFile(const char* path) : file_(open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)) {}
  ~OpenFile() {
    if (file_ >= 0) close(file_);
  }
  OpenFile(const OpenFile&) = delete;
  OpenFile& operator=(const OpenFile&) = delete;
  int get() const { return file_; }

 private:
  int file_;
};

}  // namespace

Result<MappedFile> MappedFile::Open(const char* path, ErrorDetail* detail, Pages pages) {
  const OpenFile file(path);
  if (file.get() < 0) return SystemError(path, errno, detail);
  QUANTA_ASSIGN(const size_t size, MappableSize(file.get(), path, detail));
  const std::byte* data = port::Map(file.get(), size, pages);
  if (data == nullptr) return SystemError(path, errno, detail);
  MappedFile mapped;
  mapped.data_ = data;
  mapped.size_ = size;
  return mapped;
}

MappedFile::MappedFile(MappedFile&& other) noexcept
    : data_(std::exchange(other.data_, nullptr)), size_(std::exchange(other.size_, 0)) {}

MappedFile& MappedFile::operator=(MappedFile&& other) noexcept {
  std::swap(data_, other.data_);
  std::swap(size_, other.size_);
  return *this;
}

MappedFile::~MappedFile() {
  if (data_ != nullptr) port::Unmap(data_, size_);
}

Result<PageBlock> PageBlock::Create(size_t bytes, ErrorDetail* detail, Pages pages) {
  PageBlock block;
  if (bytes == 0) return block;
  block.data_ = bytes > PTRDIFF_MAX ? nullptr : port::Allocate(bytes, pages);
  if (block.data_ == nullptr) {
    return Fail(detail, Code::kOutOfMemory, "the system has no memory left",
                "%zu bytes of memory were refused by the system", bytes);
  }
  block.size_ = bytes;
  return block;
}

PageBlock::PageBlock(PageBlock&& other) noexcept
    : data_(std::exchange(other.data_, nullptr)), size_(std::exchange(other.size_, 0)) {}

PageBlock& PageBlock::operator=(PageBlock&& other) noexcept {
  std::swap(data_, other.data_);
  std::swap(size_, other.size_);
  return *this;
}

PageBlock::~PageBlock() {
  if (data_ != nullptr) port::Free(data_, size_);
}

double Now() {
  const auto now = std::chrono::steady_clock::now().time_since_epoch();
  return std::chrono::duration<double>(now).count();
}

LocalTime LocalNow() {
  const std::time_t now = std::time(nullptr);
  std::tm fields = {};
  if (localtime_r(&now, &fields) == nullptr) return {};
  return {fields.tm_year + 1900, fields.tm_mon + 1, fields.tm_mday,
          fields.tm_hour,        fields.tm_min,     fields.tm_sec};
}

}  // namespace quanta::platform
