// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "tiss_lite/base/json.h"
#include "tiss_lite/syntax/source.h"

namespace quanta::lite {

enum class Level : uint8_t { kInfo, kWarning, kError };
const char* LevelName(Level level);  ///< "info", "warning", "error"

/// Something to tell the author of a script.
struct Diagnostic {
  std::string_view code;  ///< "E107", "L204": of static storage duration
  Level level = Level::kError;
  Span span;
  uint32_t line = 0;    ///< of span.begin, from 1
  uint32_t column = 0;  ///< likewise, in code points
  std::string message;
  std::string hint;  ///< what to do about it; may be empty
};

/// A diagnostic at `span`, its line and column filled in.
Diagnostic MakeDiagnostic(const Source& source, std::string_view code, Level level, Span span,
                          std::string message, std::string hint = {});

/// By line, then by code, then by column; equal ones keep their order.
void SortDiagnostics(std::vector<Diagnostic>* diagnostics);

/// "plan.tiss:3:5: error[E107]: RUN must stand inside a block. hint: put it in a STEP."
std::string OneLine(const Source& source, const Diagnostic& diagnostic);

/// {"code", "level", "line", "column", "message", "hint"?}
void WriteDiagnostic(const Diagnostic& diagnostic, JsonWriter* json);

}  // namespace quanta::lite
