// SPDX-License-Identifier: MIT
#pragma once

#include <vector>

#include "tiss_lite/syntax/ast.h"
#include "tiss_lite/syntax/diagnostic.h"
#include "tiss_lite/syntax/source.h"

namespace quanta::lite {

/// A parsed script and what there is to say about it.
struct ParseResult {
  Program program;
  /// E-codes. Without recovery at most one.
  std::vector<Diagnostic> errors;
  /// L-codes of what is only visible in the text: L213, L215, L220, L221, L225.
  std::vector<Diagnostic> notes;
  bool ok() const { return errors.empty(); }
};

enum class Recovery : uint8_t {
  kStop,      ///< at the first error: what is about to run must be right
  kContinue,  ///< at the next line that begins with a keyword, in at most one block
};

/// Parses a script. Never fails otherwise than by `errors`; `program` then holds what was
/// understood.
ParseResult Parse(const Source& source, Recovery recovery = Recovery::kStop);

}  // namespace quanta::lite
