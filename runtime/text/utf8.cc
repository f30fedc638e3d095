// SPDX-License-Identifier: MIT
#include "runtime/text/utf8.h"

#include <cstring>

namespace quanta::text {
namespace {

// The second byte's range shuts out overlong forms, surrogates and what lies
// beyond U+10FFFF; all later bytes are 80..BF.
struct Lead {
  uint8_t length;  // 0: starts nothing
  uint8_t low, high;
};

Lead LeadOf(uint8_t byte) {
  if (byte < 0x80) return {1, 0, 0};
  if (byte < 0xC2) return {0, 0, 0};
  if (byte < 0xE0) return {2, 0x80, 0xBF};
  if (byte == 0xE0) return {3, 0xA0, 0xBF};
  if (byte == 0xED) return {3, 0x80, 0x9F};
  if (byte < 0xF0) return {3, 0x80, 0xBF};
  if (byte == 0xF0) return {4, 0x90, 0xBF};
  if (byte < 0xF4) return {4, 0x80, 0xBF};
  if (byte == 0xF4) return {4, 0x80, 0x8F};
  return {0, 0, 0};
}

}  // namespace

Utf8Step StepUtf8(const char* p, size_t n) {
  const auto at = [p](size_t i) { return static_cast<uint8_t>(p[i]); };
  const Lead lead = LeadOf(at(0));
  if (lead.length == 0) return {Utf8Kind::kBroken, 1};
  for (uint8_t i = 1; i < lead.length; ++i) {
    if (i >= n) return {Utf8Kind::kUnfinished, i};
    const uint8_t low = i == 1 ? lead.low : 0x80;
    const uint8_t high = i == 1 ? lead.high : 0xBF;
    if (at(i) < low || at(i) > high) return {Utf8Kind::kBroken, i};
  }
  return {Utf8Kind::kCharacter, lead.length};
}

size_t ValidUtf8Prefix(std::string_view text) {
  const char* p = text.data();
  size_t i = 0;
  while (i < text.size()) {
    // Eight ASCII bytes at a time.
    uint64_t word;
    if (text.size() - i >= sizeof(word)) {
      std::memcpy(&word, p + i, sizeof(word));
      if ((word & 0x8080808080808080u) == 0) {
        i += sizeof(word);
        continue;
      }
    }
    const Utf8Step step = StepUtf8(p + i, text.size() - i);
    if (step.kind != Utf8Kind::kCharacter) return i;
    i += step.bytes;
  }
  return i;
}

size_t EncodeUtf8(uint32_t code_point, char* out) {
  const auto tail = [code_point](int shift) {
    return static_cast<char>(0x80 | ((code_point >> shift) & 0x3F));
  };
  if (code_point < 0x80) {
    out[0] = static_cast<char>(code_point);
    return 1;
  }
  if (code_point < 0x800) {
    out[0] = static_cast<char>(0xC0 | (code_point >> 6));
    out[1] = tail(0);
    return 2;
  }
  if (code_point < 0x10000) {
    out[0] = static_cast<char>(0xE0 | (code_point >> 12));
    out[1] = tail(6);
    out[2] = tail(0);
    return 3;
  }
  out[0] = static_cast<char>(0xF0 | (code_point >> 18));
  out[1] = tail(12);
  out[2] = tail(6);
  out[3] = tail(0);
  return 4;
}

}  // namespace quanta::text
