// SPDX-License-Identifier: MIT
#pragma once

#include <optional>
#include <string>

#include "tiss_lite/language/completion.h"

namespace quanta::lite {

/// What there is to say about a word of a script.
struct Hover {
  Span span;
  std::string text;  ///< Markdown
};

/// About what `offset` touches: a statement, a word of a condition, a directive, a variable, a
/// tool.
std::optional<Hover> HoverAt(const Source& source, const Draft& draft, uint32_t offset,
                             const ToolsInReach& reach);

}  // namespace quanta::lite
