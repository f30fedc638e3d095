// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <string_view>

#include "runtime/cli/input.h"

namespace quanta::lite::program {

/// Whoever sits at the terminal. One for the whole program: lines that were typed ahead belong
/// to the next question, whoever asks it.
class Terminal {
 public:
  enum class Answer { kYes, kNo, kNone };  ///< none: the input ended, or Ctrl-C came

  /// Asks `question`, a line on the standard error, until the answer begins with y or n.
  /// `comment` gets what follows that letter; it may be null.
  Answer Ask(std::string_view question, std::string* comment);

 private:
  cli::LineReader lines_;
};

}  // namespace quanta::lite::program
