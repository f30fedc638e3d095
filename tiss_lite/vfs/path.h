// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <string_view>

namespace quanta::lite {

constexpr size_t kMaxPathBytes = 1024;
constexpr size_t kMaxPathPartBytes = 255;
constexpr size_t kMaxPathParts = 32;

/// Resolves a path as scripts write it to the one form in which the file system knows it:
/// parts joined by "/", no ".", "..", or empty part; "" is the root.
///
/// Purely lexical, and never above the root, not even in passing: "a/../../a" is refused.
/// Returns null, or why the path is refused (R303); `out` is then unchanged.
const char* ResolvePath(std::string_view path, std::string* out);

/// True if `path` is `folder` or lies in it; both resolved.
bool IsWithin(std::string_view path, std::string_view folder);

/// "a/b" of "a/b/c", "" of "a". `path` is resolved and not the root.
std::string_view ParentOf(std::string_view path);
std::string_view NameOf(std::string_view path);  ///< "c" of "a/b/c"
std::string JoinPath(std::string_view folder, std::string_view name);

}  // namespace quanta::lite
