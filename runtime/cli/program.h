// SPDX-License-Identifier: MIT
#pragma once

namespace quanta::cli {

/// The whole of `quanta`: reads the command line, runs a command, reports what went
/// wrong in one line. Returns the exit code.
int RunProgram(int argc, char** argv);

}  // namespace quanta::cli
