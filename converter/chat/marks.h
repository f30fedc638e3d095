// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <vector>

#include "runtime/text/chat_conditions.h"

namespace quanta::converter {

/// What a template could take for a thought or a reply, judged by its strings: none
/// first, then pairs like "<think>" and "</think>". Borrows from `literals`.
std::vector<text::ChatMarks> PossibleMarks(const std::vector<std::string>& literals);

}  // namespace quanta::converter
