// SPDX-License-Identifier: MIT
#include "tiss_lite/lsp/surrogates.h"

#include <charconv>
#include <cstdint>

namespace quanta::lite::lsp {
namespace {

constexpr size_t kEscape = 6;  // \uXXXX

/// The unit that an escape at the start of `text` stands for; 0 if there is none.
uint32_t UnitOf(std::string_view text) {
  if (text.size() < kEscape || !text.starts_with("\\u")) return 0;
  uint32_t unit = 0;
  const char* const end = text.data() + kEscape;
  return std::from_chars(text.data() + 2, end, unit, 16).ptr == end ? unit : 0;
}

bool IsHigh(uint32_t unit) { return unit >= 0xD800 && unit <= 0xDBFF; }
bool IsLow(uint32_t unit) { return unit >= 0xDC00 && unit <= 0xDFFF; }

}  // namespace

std::string WithWholePairs(std::string_view json) {
  std::string whole;
  whole.reserve(json.size());
  while (!json.empty()) {
    size_t length = 1;
    const uint32_t unit = UnitOf(json);
    if (IsHigh(unit) && IsLow(UnitOf(json.substr(kEscape)))) {
      length = 2 * kEscape;
    } else if (IsHigh(unit) || IsLow(unit)) {
      whole.append("\\uFFFD");
      json.remove_prefix(kEscape);
      continue;
    } else if (json[0] == '\\') {
      length = 2;  // so that "\\ud83d" is a backslash and five letters
    }
    whole.append(json.substr(0, length));
    json.remove_prefix(json.size() < length ? json.size() : length);
  }
  return whole;
}

}  // namespace quanta::lite::lsp
