// SPDX-License-Identifier: MIT
#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

namespace quanta::cli {

/// How a process ended and what it said.
struct Outcome {
  int exit_code = -1;  ///< -1: a signal ended it
  std::string out, err;
};

/// Runs a program to its end, or kills it after a minute.
Outcome RunProgramFile(const std::string& program, const std::vector<std::string>& arguments,
                       const std::string& input = "");

/// `quanta ARGUMENTS...`
Outcome Quanta(const std::vector<std::string>& arguments, const std::string& input = "");

/// A running `quanta`.
class Child {
 public:
  enum class Terminal { kNone, kPty };
  /// `blocked_output`: its standard output is a pipe that takes nothing.
  Child(const std::vector<std::string>& arguments, Terminal terminal, bool blocked_output = false);
  ~Child();
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;

  void Type(const std::string& text);  ///< pty only
  /// Reads until `text` has been seen; false after some seconds. pty only.
  bool WaitFor(const std::string& text);
  const std::string& seen() const { return seen_; }
  void Signal(int number);
  void WaitUntilAsleep();  ///< it waits for something
  Outcome Wait();          ///< for its end

 private:
  pid_t pid_ = -1;
  int terminal_ = -1;
  int error_ = -1;
  int full_read_ = -1, full_write_ = -1;
  std::string seen_;
};

}  // namespace quanta::cli
