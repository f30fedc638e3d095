// SPDX-License-Identifier: MIT
#pragma once

#include <vector>

#include "tiss_lite/syntax/parser.h"

namespace quanta::lite {

/// Reads the "#TISS!" and "#TISS_VERSION" comments of a parsed script. `first_statement`: the
/// offset of the first statement, or the source's size. Adds to program.header, E112 to the
/// errors, L221 to the notes.
void ReadHeaders(const Source& source, uint32_t first_statement, ParseResult* result);

}  // namespace quanta::lite
