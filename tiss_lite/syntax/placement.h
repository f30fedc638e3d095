// SPDX-License-Identifier: MIT
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "tiss_lite/syntax/ast.h"

namespace quanta::lite {

/// What surrounds a list of statements.
struct Place {
  std::optional<StatementKind> parent;  ///< none: the top level
  bool step_barred = false;             ///< inside STEP, SETUP or OPTION
  int depth = 0;                        ///< of blocks, the list's own included
};

/// The place in the block of a statement of `kind` that stands at `place`.
Place Inside(const Place& place, StatementKind kind);

/// Why a statement may not stand somewhere.
struct Misplacement {
  std::string what;
  std::string_view hint;
};

/// Nothing if a statement of `kind` may stand at `place`. `name`: what the message calls it.
std::optional<Misplacement> FindMisplacement(const Place& place, StatementKind kind,
                                             const std::string& name);

}  // namespace quanta::lite
