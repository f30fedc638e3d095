// SPDX-License-Identifier: MIT
#include "tiss_lite/syntax/header.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <compare>
#include <optional>
#include <string>

#include "tiss_lite/base/chars.h"

namespace quanta::lite {
namespace {

constexpr std::string_view kHeader = "#TISS!", kVersion = "#TISS_VERSION";
constexpr std::array<uint32_t, 3> kEngineVersion = {1, 0, 0};

bool IsHeader(std::string_view comment) {
  return comment.starts_with(kHeader) &&
         (comment.size() == kHeader.size() || IsBlank(comment[kHeader.size()]));
}

bool IsVersion(std::string_view comment) {
  return comment.starts_with(kVersion) &&
         (comment.size() == kVersion.size() || !IsIdent(comment[kVersion.size()]));
}

std::string_view TakeWhile(std::string_view* text, bool (*keep)(char)) {
  size_t length = 0;
  while (length < text->size() && keep((*text)[length])) ++length;
  const std::string_view taken = text->substr(0, length);
  text->remove_prefix(length);
  return taken;
}

std::string TakeQuoted(std::string_view* text) {
  std::string value;
  size_t at = 1;
  for (; at < text->size() && (*text)[at] != '"'; ++at) {
    const char next = at + 1 < text->size() ? (*text)[at + 1] : '\0';
    if ((*text)[at] == '\\' && (next == '"' || next == '\\')) ++at;
    value += (*text)[at];
  }
  text->remove_prefix(std::min(at + 1, text->size()));
  return value;
}

/// A header is a comment: what does not fit its form is left alone.
void ReadPairs(std::string_view rest, Program* program) {
  while (!rest.empty()) {
    TakeWhile(&rest, [](char c) { return IsBlank(c); });
    const std::string key(TakeWhile(&rest, [](char c) { return !IsBlank(c) && c != '='; }));
    if (!rest.starts_with('=')) continue;
    rest.remove_prefix(1);
    std::string value = rest.starts_with('"')
                            ? TakeQuoted(&rest)
                            : std::string(TakeWhile(&rest, [](char c) { return !IsBlank(c); }));
    if (!key.empty()) program->header.emplace_back(key, std::move(value));
  }
}

std::optional<std::array<uint32_t, 3>> ReadNumbers(std::string_view text) {
  std::array<uint32_t, 3> numbers = {0, 0, 0};
  for (size_t i = 0; i < numbers.size(); ++i) {
    const char* const begin = text.data();
    const auto [end, error] = std::from_chars(begin, begin + text.size(), numbers[i]);
    if (error != std::errc()) return std::nullopt;
    text.remove_prefix(static_cast<size_t>(end - begin));
    if (text.empty()) return numbers;
    if (text[0] != '.') return std::nullopt;
    text.remove_prefix(1);
  }
  return std::nullopt;
}

std::optional<bool> EngineSatisfies(std::string_view rest) {
  rest = TrimBlanks(rest);
  const auto op = TakeWhile(&rest, [](char c) { return c == '<' || c == '>' || c == '='; });
  const auto wanted = ReadNumbers(TrimBlanks(rest));
  if (!wanted) return std::nullopt;
  const std::strong_ordering order = kEngineVersion <=> *wanted;
  if (op == ">=") return order >= 0;
  if (op == "<=") return order <= 0;
  if (op == "==") return order == 0;
  if (op == ">") return order > 0;
  if (op == "<") return order < 0;
  return std::nullopt;
}

}  // namespace

void ReadHeaders(const Source& source, uint32_t first_statement, ParseResult* result) {
  for (const Comment& comment : result->program.comments) {
    const std::string_view text = source.TextOf(comment.span);
    const bool header = IsHeader(text), version = IsVersion(text);
    if (!header && !version) continue;
    if (comment.span.begin > first_statement) {
      if (!header) continue;
      result->notes.push_back(MakeDiagnostic(source, "L221", Level::kWarning, comment.span,
                                             "#TISS! after the first statement is a plain comment",
                                             "move it to the top"));
    } else if (header) {
      ReadPairs(text.substr(kHeader.size()), &result->program);
    } else {
      const auto satisfied = EngineSatisfies(text.substr(kVersion.size()));
      if (satisfied.value_or(false)) continue;
      result->errors.push_back(
          MakeDiagnostic(source, "E112", Level::kError, comment.span,
                         satisfied ? "the script wants another version of the language than 1.0"
                                   : "a version is written like #TISS_VERSION>=1.0"));
    }
  }
}

}  // namespace quanta::lite
