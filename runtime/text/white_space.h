// SPDX-License-Identifier: MIT
#pragma once

#include <string_view>

namespace quanta::text {

/// `text` without the white space at its start or end: what Python's str.lstrip and
/// str.rstrip take away, since those are what chat templates call.
std::string_view StripStart(std::string_view text);
std::string_view StripEnd(std::string_view text);

}  // namespace quanta::text
