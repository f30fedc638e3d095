// SPDX-License-Identifier: MIT
#pragma once

#include <string_view>
#include <vector>

#include "tiss_lite/language/draft.h"

namespace quanta::lite {

/// The place of a variable's name that `offset` touches; null if there is none.
const DraftName* NameAt(const Draft& draft, uint32_t offset);

/// All places of the variable called `name`, in the order of the text.
std::vector<const DraftName*> PlacesOf(const Draft& draft, const Source& source,
                                       std::string_view name);

/// Where the variable at `use` gets the value that it has there, as far as the order of the
/// text tells: the last place before it that sets it, or else, since a binding at the end of a
/// script counts from its start, the first one after it. Null if nothing sets it.
const DraftName* DefinitionOf(const Draft& draft, const Source& source, const DraftName& use);

/// The names of all variables that are set, each once, in the order of the text.
std::vector<std::string_view> VariablesOf(const Draft& draft, const Source& source);

/// Whether a variable may be called `name`.
bool IsVariableName(std::string_view name);

}  // namespace quanta::lite
