// SPDX-License-Identifier: MIT
#pragma once

#include <string_view>

namespace quanta::lite {

/// True if `needle` stands somewhere in `text`. Takes time linear in both lengths together,
/// whatever they hold, which std::string::find does not promise.
bool ContainsText(std::string_view text, std::string_view needle);

}  // namespace quanta::lite
