// SPDX-License-Identifier: MIT
#pragma once

namespace quanta::train {

/// The program quanta-train: finds the command in its table and runs it. Returns the exit
/// code; errors have been told in one line on the standard error.
int RunProgram(int argc, const char* const* argv);

}  // namespace quanta::train
