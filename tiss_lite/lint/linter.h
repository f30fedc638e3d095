// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <vector>

#include "tiss_lite/policy/profile.h"
#include "tiss_lite/shell/tool.h"
#include "tiss_lite/syntax/parser.h"

namespace quanta::lite {

struct LintOptions {
  bool strict = false;                  ///< missing names and legacy forms are errors
  bool layout = false;                  ///< L222: lines not indented as the formatter would
  const Profile* profile = nullptr;     ///< L202: tools that it does not grant
  const ToolRegistry* tools = nullptr;  ///< L202: tools that there are
  std::vector<std::string> variables;   ///< set before the script begins
};

/// All there is to say about a script that parses, in the order of its lines; the parser's
/// notes included.
std::vector<Diagnostic> Lint(const Source& source, const ParseResult& parsed,
                             const LintOptions& options);

bool HasErrors(const std::vector<Diagnostic>& diagnostics);

}  // namespace quanta::lite
