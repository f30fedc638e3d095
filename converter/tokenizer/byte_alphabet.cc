// SPDX-License-Identifier: MIT
#include "converter/tokenizer/byte_alphabet.h"

#include <array>

#include "runtime/text/utf8.h"

namespace quanta::converter {
namespace {

constexpr bool StandsForItself(int byte) {
  return (byte >= 0x21 && byte <= 0x7E) || (byte >= 0xA1 && byte <= 0xAC) ||
         (byte >= 0xAE && byte <= 0xFF);
}

constexpr auto kCharOfByte = [] {
  std::array<char32_t, 256> chars{};
  char32_t next = 0x100;
  for (int byte = 0; byte < 256; ++byte) {
    chars[static_cast<size_t>(byte)] = StandsForItself(byte) ? static_cast<char32_t>(byte) : next++;
  }
  return chars;
}();

constexpr char32_t kEnd = 0x144;  // one past the last character in use

constexpr auto kByteOfChar = [] {
  std::array<int16_t, kEnd> bytes{};
  bytes.fill(-1);
  for (size_t byte = 0; byte < 256; ++byte) bytes[kCharOfByte[byte]] = static_cast<int16_t>(byte);
  return bytes;
}();

}  // namespace

char32_t ByteToChar(uint8_t byte) { return kCharOfByte[byte]; }

std::optional<std::string> AlphabetToBytes(std::string_view word) {
  std::string bytes;
  for (size_t i = 0; i < word.size();) {
    const text::CodePoint c = text::DecodeUtf8(word.data() + i);
    i += c.bytes;
    if (c.value >= kEnd || kByteOfChar[c.value] < 0) return std::nullopt;
    bytes.push_back(static_cast<char>(kByteOfChar[c.value]));
  }
  return bytes;
}

}  // namespace quanta::converter
