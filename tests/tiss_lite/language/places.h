// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "tiss_lite/syntax/parser.h"

/// What a draft and the parser's tree both know of a script, in one form.
namespace quanta::lite {

/// The names of variables, with whether they are set there.
using Places = std::multiset<std::pair<std::string, bool>>;
Places PlacesInDraft(const Source& source);
Places PlacesInTree(const Program& program);

/// The lines in which blocks begin (with their statement) and end; an IF's are left out, since
/// its parts are statements of their own in a draft.
using Blocks = std::vector<std::vector<uint32_t>>;
Blocks BlocksInDraft(const Source& source);
Blocks BlocksInTree(const Source& source, const Program& program);

}  // namespace quanta::lite
