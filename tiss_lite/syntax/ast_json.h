// SPDX-License-Identifier: MIT
#pragma once

#include "tiss_lite/base/json.h"
#include "tiss_lite/syntax/ast.h"

namespace quanta::lite {

/// The syntax tree as a list of nodes {type, line, ...}.
void WriteTree(const Program& program, JsonWriter* json);

/// {"header": {...}, "directives": {...}}: the header's pairs and the directives of the top
/// level, of equal names the last.
void WriteMeta(const Program& program, JsonWriter* json);

}  // namespace quanta::lite
