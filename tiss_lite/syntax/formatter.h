// SPDX-License-Identifier: MIT
#pragma once

#include <string>

#include "tiss_lite/syntax/ast.h"

namespace quanta::lite {

/// The script in its one layout: four blanks per block, one blank line around top-level
/// blocks, legacy forms rewritten, all comments kept. Formatting twice changes nothing, and
/// the result parses to the same tree.
///
/// `program` is what Parse() made of `source`, without errors. False if the result would pass
/// the limits on scripts; `out` is then untouched.
bool Format(const Source& source, const Program& program, std::string* out);

}  // namespace quanta::lite
