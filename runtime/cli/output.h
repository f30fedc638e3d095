// SPDX-License-Identifier: MIT
#pragma once

#include <string_view>

namespace quanta::cli {

/// Makes sure that the descriptors 0 to 2 are open (else the first file opened would
/// become the standard output) and that writing to a closed pipe is an error instead
/// of a signal.
void PrepareStreams();

/// Writes to the standard output at once.
/// Throws OutputClosed if its reader has gone, Error(kCancelled) if Ctrl-C came while it
/// did not read, Error(kIo, kNoSpace) otherwise.
void Write(std::string_view text);

/// The same for what a model says: on a terminal, control characters other than line
/// ends and tabs become '?', so that no text can take the terminal over.
void Say(std::string_view text);

/// A line on the standard error; lost if that is closed.
void Complain(std::string_view line);

/// In the place of the line on which the cursor of the standard error, a terminal, stands.
void ComplainInPlace(std::string_view line);

bool InputIsTerminal();
bool OutputIsTerminal();
bool ErrorIsTerminal();

}  // namespace quanta::cli
