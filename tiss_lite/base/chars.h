// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <string_view>

/// Character classes and small text helpers, ASCII only whatever the locale.
namespace quanta::lite {

constexpr bool IsBlank(char c) { return c == ' ' || c == '\t'; }
constexpr bool IsSpace(char c) { return IsBlank(c) || c == '\n' || c == '\r'; }
constexpr bool IsDigit(char c) { return c >= '0' && c <= '9'; }
constexpr bool IsUpper(char c) { return c >= 'A' && c <= 'Z'; }
constexpr bool IsLower(char c) { return c >= 'a' && c <= 'z'; }
constexpr bool IsIdentStart(char c) { return IsUpper(c) || IsLower(c) || c == '_'; }
constexpr bool IsIdent(char c) { return IsIdentStart(c) || IsDigit(c); }
constexpr char ToUpper(char c) { return IsLower(c) ? static_cast<char>(c - 'a' + 'A') : c; }
constexpr char ToLower(char c) { return IsUpper(c) ? static_cast<char>(c - 'A' + 'a') : c; }

inline std::string Upper(std::string_view text) {
  std::string upper(text);
  for (char& c : upper) c = ToUpper(c);
  return upper;
}

/// Equal but for the case of ASCII letters.
constexpr bool EqualsAnyCase(std::string_view a, std::string_view b) {
  if (a.size() != b.size()) return false;
  for (size_t i = 0; i < a.size(); ++i) {
    if (ToUpper(a[i]) != ToUpper(b[i])) return false;
  }
  return true;
}

/// Without the characters at both ends for which `drop` holds.
template <class Drop>
constexpr std::string_view TrimIf(std::string_view text, Drop drop) {
  while (!text.empty() && drop(text.front())) text.remove_prefix(1);
  while (!text.empty() && drop(text.back())) text.remove_suffix(1);
  return text;
}
constexpr std::string_view Trim(std::string_view text) { return TrimIf(text, IsSpace); }
constexpr std::string_view TrimBlanks(std::string_view text) { return TrimIf(text, IsBlank); }

/// Appends all `parts` to one text; the parts are anything std::string::append takes.
template <class... Parts>
std::string Concat(const Parts&... parts) {
  std::string text;
  (text.append(parts), ...);
  return text;
}

}  // namespace quanta::lite
