// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "quanta/local_time.h"
#include "quanta/status.h"

/// What the runtime asks of the system. A port supplies the four functions of
/// port.h (posix.cc, wasm.cc); the rest is the same everywhere.
namespace quanta::platform {

/// How large the pages are that memory is translated by. A hint: the bytes are the same, and a
/// system that has no large ones, or none to give, takes small ones.
enum class Pages {
  kSmall,
  /// For what is read from end to end again and again (weights): fewer translations, and a file
  /// comes from its device in pieces of that size. What is touched at all is resident by
  /// pages: nothing for memory most of which may stay unused.
  kLarge,
};

/// A file's bytes, read-only: mapped where the system can, else read into memory.
/// At least 64-byte aligned. Move-only; unmaps on destruction.
class MappedFile {
 public:
  MappedFile() = default;
  MappedFile(MappedFile&& other) noexcept;
  MappedFile& operator=(MappedFile&& other) noexcept;
  ~MappedFile();

  /// Errors: kNotFound, kIo (a directory, a pipe, no permission ...), kCorrupt
  /// (empty), kOutOfMemory. `detail` names the path and the system's reason.
  static Result<MappedFile> Open(const char* path, ErrorDetail* detail,
                                 Pages pages = Pages::kSmall);

  std::span<const std::byte> bytes() const { return {data_, size_}; }

 private:
  const std::byte* data_ = nullptr;
  size_t size_ = 0;
};

/// 64-byte aligned memory from the system (anonymous map or heap), zeroed.
class PageBlock {
 public:
  PageBlock() = default;
  PageBlock(PageBlock&& other) noexcept;
  PageBlock& operator=(PageBlock&& other) noexcept;
  ~PageBlock();
  /// Errors: kOutOfMemory; the detail says how much was asked for.
  static Result<PageBlock> Create(size_t bytes, ErrorDetail* detail, Pages pages = Pages::kSmall);
  std::span<std::byte> bytes() const { return {data_, size_}; }

 private:
  std::byte* data_ = nullptr;
  size_t size_ = 0;
};

/// Seconds from an arbitrary start; steady.
double Now();

/// The most memory this process ever had in RAM, mapped files included, in bytes; 0 if the
/// system does not say.
uint64_t PeakResidentBytes();

/// The date and time of day where the system is; 1 January 1970 if it does not know.
LocalTime LocalNow();

}  // namespace quanta::platform
