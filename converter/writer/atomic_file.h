// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "quanta/status.h"

namespace quanta::writer {

/// A file that appears under its name complete or not at all.
///
/// Bytes go to a temporary file in the target's folder. Commit flushes it to the
/// device and gives it the target's name; destruction without a Commit removes it and
/// leaves whatever the target was.
class AtomicFile {
 public:
  /// A symbolic link is followed. The permissions of a file that is replaced are kept.
  /// Errors: kNotFound (no such folder), kIo (a folder, a device, no permission).
  static Result<AtomicFile> Create(const std::string& target, ErrorDetail* detail);

  AtomicFile(AtomicFile&& other) noexcept;
  AtomicFile& operator=(AtomicFile&& other) noexcept;
  ~AtomicFile();

  /// Takes `bytes` of the device in advance where the file system can, else looks
  /// whether they are free. Errors: kNoSpace, kIo.
  Status Reserve(uint64_t bytes, ErrorDetail* detail);

  /// Appends; what does not make up a piece waits for the next call, WriteAt or Commit. Errors:
  /// kNoSpace, kIo.
  Status Write(std::span<const std::byte> bytes, ErrorDetail* detail);
  /// Writes at once, after all that was appended, and without moving the end of what Write appends.
  Status WriteAt(uint64_t offset, std::span<const std::byte> bytes, ErrorDetail* detail);

  /// Errors: kNoSpace, kIo; the target is then as it was.
  Status Commit(ErrorDetail* detail);

  uint64_t written() const { return written_; }  ///< bytes appended
  /// What to unlink if the process ends otherwise; empty after Commit.
  const std::string& temporary_path() const { return temporary_; }

 private:
  /// The system keeps a file's pages in memory together as they were written. In large pieces,
  /// which begin at multiples of their size, it maps them by the huge page: a model that was just
  /// written starts twice as fast.
  static constexpr size_t kPiece = size_t{4} << 20;

  AtomicFile() = default;
  void Discard();
  Status Flush(ErrorDetail* detail);
  Status PutAt(uint64_t offset, std::span<const std::byte> bytes, ErrorDetail* detail);
  Status WriteError(int error, uint64_t needed, ErrorDetail* detail) const;

  int fd_ = -1;
  std::string target_, temporary_;
  std::vector<std::byte> pending_;  ///< the last of what was appended
  uint64_t written_ = 0;
  uint64_t reserved_ = 0;
};

}  // namespace quanta::writer
