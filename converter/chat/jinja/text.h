// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

/// Python's str, over UTF-8.
namespace quanta::converter::jinja {

/// The code points, each as its bytes. `text` is UTF-8.
std::vector<std::string_view> CodePoints(std::string_view text);
size_t CountCodePoints(std::string_view text);

bool IsAscii(std::string_view text);

/// Of ASCII text. Throws ChatError (kUnsupported) for any other.
std::string Upper(std::string_view text);
std::string Lower(std::string_view text);
std::string Capitalize(std::string_view text);

/// Strips white space, or of `characters` any, if there are some.
std::string_view Strip(std::string_view text, const std::string* characters, bool start, bool end);

/// Replaces up to `count` occurrences; all if it is negative.
/// Throws ChatError (kLimit) if the result is too long.
std::string Replace(std::string_view text, std::string_view from, std::string_view to,
                    int64_t count);

/// Throws TemplateFailure if `separator` is empty.
std::vector<std::string> Split(std::string_view text, std::string_view separator, int64_t count);
std::vector<std::string> SplitFromEnd(std::string_view text, std::string_view separator,
                                      int64_t count);
/// At runs of white space.
std::vector<std::string> SplitWords(std::string_view text);

}  // namespace quanta::converter::jinja
