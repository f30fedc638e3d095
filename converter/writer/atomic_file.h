// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

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

  /// Appends. Errors: kNoSpace, kIo.
  Status Write(std::span<const std::byte> bytes, ErrorDetail* detail);
  /// Overwrites without moving the end of what Write appends.
  Status WriteAt(uint64_t offset, std::span<const std::byte> bytes, ErrorDetail* detail);

  /// Errors: kNoSpace, kIo; the target is then as it was.
  Status Commit(ErrorDetail* detail);

  uint64_t written() const { return written_; }  ///< bytes appended
  /// What to unlink if the process ends otherwise; empty after Commit.
  const std::string& temporary_path() const { return temporary_; }

 private:
  AtomicFile() = default;
  void Discard();
  Status WriteError(int error, uint64_t needed, ErrorDetail* detail) const;

  int fd_ = -1;
  std::string target_, temporary_;
  uint64_t written_ = 0;
  uint64_t reserved_ = 0;
};

}  // namespace quanta::writer
