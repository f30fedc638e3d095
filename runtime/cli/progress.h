// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <string>

namespace quanta::cli {

/// How far a command is, on one line of the standard error that is drawn again and again; on
/// anything but a terminal, nothing.
class Progress {
 public:
  /// `phase`: what is done, "reading".
  explicit Progress(std::string phase);
  ~Progress();  ///< wipes the line
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  void Show(size_t done, size_t total);

 private:
  std::string phase_;
  double started_, shown_;
  bool terminal_, drawn_ = false;
};

}  // namespace quanta::cli
