// SPDX-License-Identifier: MIT
#pragma once

#include <string>

#include "tiss_lite/conformance/case.h"
#include "tiss_lite/syntax/ast.h"
#include "tiss_lite/syntax/source.h"

namespace quanta::lite::conformance {

/// Runs a script of kind "run" with the case's set-up and compares what comes of it.
std::string CheckRun(const Json& test, const Source& source, const Program& program, bool strict);

}  // namespace quanta::lite::conformance
