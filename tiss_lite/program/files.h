// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <string_view>

namespace quanta::lite::program {

/// All of a file of at most `most` bytes; "-" is the standard input. Throws cli::Error.
std::string ReadWholeFile(const std::string& path, size_t most);

/// Replaces a file: it is there wholly old or wholly new. Throws cli::Error.
void ReplaceFile(const std::string& path, std::string_view text);

}  // namespace quanta::lite::program
