// SPDX-License-Identifier: MIT
#pragma once

#include <string_view>

namespace quanta::lite {

/// True if `name` is one that `pattern` describes, where `mask` has a '*' for each character of
/// the pattern that is "*" (any text) or "?" (any code point); the others stand for themselves.
/// Takes time linear in the product of the lengths at most.
bool MatchesPattern(std::string_view name, std::string_view pattern, std::string_view mask);

}  // namespace quanta::lite
