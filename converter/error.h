// SPDX-License-Identifier: MIT
#pragma once

#include <exception>
#include <string>
#include <string_view>
#include <utility>

#include "quanta/status.h"

namespace quanta::converter {

/// Why a command failed, in one line: "PLACE: what; hint". Thrown everywhere in the
/// converter, caught once, in the program.
class Error : public std::exception {
 public:
  /// `place`: the path, or empty. `hint`: what to do, or empty.
  Error(Code code, std::string_view place, std::string_view what, std::string_view hint = {});

  Code code() const { return code_; }
  /// Printable: control characters have become '?', since names and values quoted
  /// here may come from a hostile file and end on a terminal.
  const char* what() const noexcept override { return text_.c_str(); }

 private:
  Code code_;
  std::string text_;
};

/// The exit code of a program that ends with `code`.
int ExitCode(Code code);

/// What a person who pressed Ctrl-C reads.
Error Interrupted();

/// Throws unless `status` is ok: its words and the detail's.
void Check(Status status, const ErrorDetail& detail, std::string_view place = {});

template <class T>
T Value(Result<T> result, const ErrorDetail& detail, std::string_view place = {}) {
  Check(result.status(), detail, place);
  return std::move(result).value();
}

std::string Upper(std::string text);  ///< ASCII letters
std::string Lower(std::string_view text);

/// std::string from a printf format.
[[gnu::format(printf, 1, 2)]] std::string Format(const char* format, ...);

}  // namespace quanta::converter
