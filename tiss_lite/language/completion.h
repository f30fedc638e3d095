// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "tiss_lite/language/draft.h"
#include "tiss_lite/policy/capabilities.h"
#include "tiss_lite/shell/tool.h"

namespace quanta::lite {

enum class CompletionKind : uint8_t { kKeyword, kVariable, kTool, kDirective, kField, kValue };

/// Something that may be written at a place.
struct Completion {
  std::string label;
  CompletionKind kind = CompletionKind::kKeyword;
  std::string detail;   ///< one line
  std::string meaning;  ///< Markdown; may be empty
  std::string text;     ///< what to write
  std::string snippet;  ///< the same for editors that know snippets; may be empty
  Span replaces;        ///< what is there already; ends where the cursor is, in the same line
};

/// The tools that a script can run, and those of them that it may.
struct ToolsInReach {
  const ToolRegistry* tools = nullptr;         ///< null: none is known
  const Capabilities* capabilities = nullptr;  ///< null: all are granted
};

/// What may be written at `offset`: in no order, not yet narrowed to what has been typed.
std::vector<Completion> Complete(const Source& source, const Draft& draft, uint32_t offset,
                                 const ToolsInReach& reach);

/// The name of the tool that `offset` touches in the text of a RUN, where a command begins;
/// empty otherwise. The span, if wanted, is where it stands, or would stand.
std::string_view ToolAt(const Source& source, const Draft& draft, uint32_t offset,
                        Span* span = nullptr);

}  // namespace quanta::lite
