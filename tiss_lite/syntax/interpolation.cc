// SPDX-License-Identifier: MIT
#include "tiss_lite/syntax/interpolation.h"

#include <utility>

#include "tiss_lite/base/chars.h"

namespace quanta::lite {
namespace {

/// The length of the `{{ name }}` at the start of `text`, 0 if there is none.
size_t ReadName(std::string_view text, Operand* name) {
  size_t at = 2;
  const auto skip_blanks = [&] {
    while (at < text.size() && IsBlank(text[at])) ++at;
  };
  const auto read_ident = [&] {
    const size_t begin = at;
    if (at < text.size() && IsIdentStart(text[at])) {
      while (at < text.size() && IsIdent(text[at])) ++at;
    }
    return text.substr(begin, at - begin);
  };
  skip_blanks();
  const std::string_view word = read_ident();
  if (word.empty()) return 0;
  name->kind = Operand::Kind::kVariable;
  name->name = word;
  if (at < text.size() && text[at] == '.') {
    ++at;
    name->kind = Operand::Kind::kLastRun;
    name->name = Upper(read_ident());
    if (!EqualsAnyCase(word, "LAST_RUN") || !IsLastRunField(name->name)) return 0;
  }
  skip_blanks();
  return text.substr(at, 2) == "}}" ? at + 2 : 0;
}

}  // namespace

std::vector<TextPiece> SplitTemplate(std::string_view text) {
  using Kind = TextPiece::Kind;
  std::vector<TextPiece> pieces;
  size_t plain = 0, from = 0;
  const auto add = [&](Kind kind, size_t begin, size_t end, Operand name) {
    if (begin < end) pieces.push_back({kind, text.substr(begin, end - begin), std::move(name)});
  };
  for (;;) {
    const size_t at = text.find("{{", from);
    if (at == text.npos) break;
    Operand name;
    const size_t length = ReadName(text.substr(at), &name);
    const bool escaped = at > plain && text[at - 1] == '\\';
    if (length == 0 && !escaped) {
      from = at + 1;  // "{{{x}}" holds a name one brace later
      continue;
    }
    const size_t end = at + (length == 0 ? 2 : length);
    add(Kind::kText, plain, at - (escaped ? 1 : 0), {});
    add(escaped ? Kind::kBraces : Kind::kName, at, end, std::move(name));
    plain = from = end;
  }
  add(Kind::kText, plain, text.size(), {});
  return pieces;
}

}  // namespace quanta::lite
