// SPDX-License-Identifier: MIT
#include "runtime/format/bytes.h"

#include <cstdarg>

namespace quanta::format {
namespace {

/// Length of the character at the front of `text`; 0 if it is malformed.
size_t CharacterBytes(std::span<const std::byte> text) {
  const auto at = [&](size_t i) { return std::to_integer<uint32_t>(text[i]); };
  const uint32_t first = at(0);
  if (first < 0x80) return 1;
  const size_t length = first >= 0xF0 ? 4 : first >= 0xE0 ? 3 : 2;
  if (first < 0xC2 || first > 0xF4 || text.size() < length) return 0;
  // The second byte's range excludes overlong forms, surrogates and what is too large.
  const uint32_t low = first == 0xE0 ? 0xA0 : first == 0xF0 ? 0x90 : 0x80;
  const uint32_t high = first == 0xED ? 0x9F : first == 0xF4 ? 0x8F : 0xBF;
  if (at(1) < low || at(1) > high) return 0;
  for (size_t i = 2; i < length; ++i) {
    if ((at(i) & 0xC0) != 0x80) return 0;
  }
  return length;
}

}  // namespace

bool IsUtf8(std::span<const std::byte> text) {
  while (!text.empty()) {
    const size_t length = CharacterBytes(text);
    if (length == 0) return false;
    text = text.subspan(length);
  }
  return true;
}

Status Corrupt(ErrorDetail* detail, const char* format, ...) {
  if (detail != nullptr) {
    std::va_list arguments;
    va_start(arguments, format);
    detail->FormatV(format, arguments);
    va_end(arguments);
  }
  return {Code::kCorrupt, "not a valid model file"};
}

}  // namespace quanta::format
