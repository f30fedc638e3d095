// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdio>
#include <span>
#include <string>

namespace quanta::cli {

/// Writes a float32 matrix as NumPy's .npy (version 1.0), row by row. The file appears
/// under its name when Finish says so, complete, or not at all.
class NpyWriter {
 public:
  /// Throws Error(kNotFound, kIo, kNoSpace), as all functions here.
  NpyWriter(std::string path, size_t rows, size_t columns);
  ~NpyWriter();
  NpyWriter(const NpyWriter&) = delete;
  NpyWriter& operator=(const NpyWriter&) = delete;

  void Append(std::span<const float> values);
  /// All rows must have been appended.
  void Finish();

 private:
  void WriteBytes(const void* data, size_t bytes);
  [[noreturn]] void ThrowErrno(const char* what) const;

  std::string path_;
  std::string temporary_;  ///< beside it
  std::FILE* file_ = nullptr;
  size_t missing_;  ///< values
};

}  // namespace quanta::cli
