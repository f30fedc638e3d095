// SPDX-License-Identifier: MIT
#pragma once

#include "tiss_lite/shell/shell.h"

namespace quanta::lite {

/// Calls a program of the host that the run is granted, with the files that the run may read,
/// and takes over what it changed under the same rules as a tool's changes: a change where the
/// run may not write is R304, one that passes a quota R308, and nothing is taken over then.
/// Returns the exit code: 124 after `seconds`, 126 if it cannot be run here, 127 if there is no
/// such program, 137 if it passed another limit.
int CallHostProgram(const ShellContext& context, double seconds, ToolCall* call);

}  // namespace quanta::lite
