// SPDX-License-Identifier: MIT
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace quanta::lite {

/// The length of the number (`-1.5e3`, as the grammar has it) at the start of `text`; 0: none.
size_t NumberLength(std::string_view text);

/// The value of `text` if all of it is a number of the grammar and it is finite.
std::optional<double> ParseNumber(std::string_view text);

/// The shortest text that reads back as the same number; whole numbers have no ".0".
std::string NumberText(double number);

}  // namespace quanta::lite
