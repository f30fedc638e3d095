// SPDX-License-Identifier: MIT
#pragma once

#include <string>

namespace quanta::converter {

/// A folder beside `target` for files on their way there; removed with all it holds.
/// It is on the target's file system, so that a file moves over in one step.
class ScratchFolder {
 public:
  /// Throws Error(kNotFound, kIo, kNoSpace).
  explicit ScratchFolder(const std::string& target);
  ~ScratchFolder();
  ScratchFolder(const ScratchFolder&) = delete;
  ScratchFolder& operator=(const ScratchFolder&) = delete;

  std::string File(const std::string& name) const { return path_ + "/" + name; }
  /// Gives a file of this folder the target's name. Throws Error(kIo).
  void MoveToTarget(const std::string& file) const;

 private:
  std::string target_;
  std::string path_;
};

}  // namespace quanta::converter
