// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <string_view>

namespace quanta::lite::lsp {

/// JSON text with each escape of half a UTF-16 pair (`\ud83d` alone) replaced by `\uFFFD`. An
/// editor whose texts are UTF-16 may send such a half; UTF-8 cannot hold it. The other text is
/// one unit of UTF-16 too, so that positions stay what they are.
std::string WithWholePairs(std::string_view json);

}  // namespace quanta::lite::lsp
