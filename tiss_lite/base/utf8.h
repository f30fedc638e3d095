// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

/// UTF-8 as the language needs it: scripts and variables hold valid text, files any bytes.
namespace quanta::lite {

/// The length of the well-formed code point at the start of `bytes`, 0 if there is none.
/// Overlong forms, surrogates and values past U+10FFFF are not well formed.
size_t CodePointLength(std::string_view bytes);

/// The offset of the first byte that is not UTF-8, or npos.
size_t FindInvalidUtf8(std::string_view bytes);
inline bool IsUtf8(std::string_view bytes) { return FindInvalidUtf8(bytes) == bytes.npos; }

/// `bytes` with every byte that is not UTF-8 replaced by U+FFFD.
std::string ToUtf8(std::string_view bytes);

/// The largest length up to `limit` at which the valid `text` may be cut between code points.
size_t CutUtf8(std::string_view text, size_t limit);

/// How many code points the valid `text` has.
size_t CountCodePoints(std::string_view text);

}  // namespace quanta::lite
