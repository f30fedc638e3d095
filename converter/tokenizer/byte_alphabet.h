// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace quanta::converter {

/// The printable characters that byte-level BPE files spell bytes with: the visible
/// ones of Latin-1 stand for themselves, the other 68 bytes for U+0100 and on.
char32_t ByteToChar(uint8_t byte);

/// The bytes that a word of such characters stands for; nothing if any other
/// character is among them. `word` is valid UTF-8.
std::optional<std::string> AlphabetToBytes(std::string_view word);

}  // namespace quanta::converter
