// SPDX-License-Identifier: MIT
#pragma once

#include <exception>
#include <string>
#include <string_view>
#include <utility>

#include "quanta/status.h"

namespace quanta::cli {

/// Why a command failed, in one line: "PLACE: what: detail; hint". Thrown by the
/// commands, caught once, in RunProgram.
class Error : public std::exception {
 public:
  /// `place`: the path it is about, or empty. `hint`: what to do, or empty.
  Error(Code code, std::string_view place, std::string_view what, std::string_view hint = {});

  Code code() const { return code_; }
  /// Printable: control characters have become '?', since a hostile file may have
  /// been quoted and the text ends on a terminal.
  const char* what() const noexcept override { return text_.c_str(); }

 private:
  Code code_;
  std::string text_;
};

/// The reader of our output has gone: nothing is wrong, there is just nothing to do.
struct OutputClosed {};

/// Throws unless `status` is ok.
void Check(Status status, const ErrorDetail& detail, std::string_view place = {},
           std::string_view hint = {});

template <class T>
T Value(Result<T> result, const ErrorDetail& detail, std::string_view place = {},
        std::string_view hint = {}) {
  Check(result.status(), detail, place, hint);
  return std::move(result).value();
}

}  // namespace quanta::cli
