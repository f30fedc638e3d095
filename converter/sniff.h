// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

namespace quanta::converter {

/// What a file beginning with `bytes` looks like: "a PNG image", "a GGUF model" ... or
/// "an unknown kind of file". For error messages; never decides how a file is read.
std::string_view Sniff(std::span<const std::byte> bytes);

/// The same for a path; "a folder" for one.
std::string SniffPath(const std::string& path);

}  // namespace quanta::converter
