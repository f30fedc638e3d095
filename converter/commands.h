// SPDX-License-Identifier: MIT
#pragma once

namespace quanta::converter {

/// The program quanta-convert: parses the command line, runs the command, prints what
/// is to be printed. Returns the exit code: 0 ok, 1 failed, 2 usage, 3 bad file, 4 out of
/// memory, 130 interrupted. Errors are one line on stderr.
int RunProgram(int argc, const char* const* argv);

}  // namespace quanta::converter
