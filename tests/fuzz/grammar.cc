// SPDX-License-Identifier: MIT
#include "tests/fuzz/grammar.h"

#include <algorithm>
#include <iterator>
#include <map>
#include <utility>

#include "quanta/check.h"

namespace quanta::fuzz {

size_t Choices::Below(size_t bound) {
  if (bound < 2) return 0;
  size_t value = 0;
  for (int i = 0; i < (bound > 256 ? 2 : 1); ++i) {
    value = value * 256 + (at_ < size_ ? data_[at_++] : 0);
  }
  return value % bound;
}

Grammar::Grammar(const std::vector<Rule>& rules) {
  std::map<std::string_view, size_t> numbers;
  for (const Rule& rule : rules) numbers.emplace(rule.name, numbers.size());
  for (const Rule& rule : rules) {
    auto& ways = rules_.emplace_back();
    for (std::string_view rest : rule.ways) {
      auto& way = ways.emplace_back();
      while (!rest.empty()) {
        const size_t begin = rest.find('<'), end = rest.find('>', begin);
        const auto number = end == rest.npos
                                ? numbers.end()
                                : numbers.find(rest.substr(begin + 1, end - begin - 1));
        // "<" that opens no name of small letters is text.
        const bool name = end != rest.npos && end > begin + 1 &&
                          std::all_of(rest.begin() + begin + 1, rest.begin() + end,
                                      [](char c) { return c >= 'a' && c <= 'z'; });
        QUANTA_CHECK(!name || number != numbers.end());
        const size_t text = name ? begin : std::min(begin, rest.size() - 1) + 1;
        if (text > 0) way.push_back({rest.substr(0, text), kText});
        if (name) way.push_back({{}, number->second});
        rest.remove_prefix(name ? end + 1 : text);
      }
    }
  }
}

std::vector<std::string_view> Grammar::Write(Choices* choices, size_t size) const {
  std::vector<std::string_view> pieces;
  std::vector<Symbol> open = {{{}, 0}};
  size_t written = 0;
  while (!open.empty()) {
    const Symbol symbol = open.back();
    open.pop_back();
    if (symbol.rule == kText) {
      pieces.push_back(symbol.text);
      written += symbol.text.size();
      continue;
    }
    const auto& ways = rules_[symbol.rule];
    const auto& way = ways[written < size ? choices->Below(ways.size()) : 0];
    open.insert(open.end(), way.rbegin(), way.rend());
  }
  return pieces;
}

std::string Join(const std::vector<std::string_view>& pieces) {
  std::string text;
  for (const std::string_view piece : pieces) text += piece;
  return text;
}

std::string Corrupt(std::vector<std::string_view> pieces, Choices* choices) {
  static constexpr std::string_view kOdd[] = {"\"",
                                              "'",
                                              "{",
                                              "}",
                                              "\n",
                                              "\r",
                                              "\t",
                                              "#",
                                              ";",
                                              "\\",
                                              "{{",
                                              "}}",
                                              "<<",
                                              "@",
                                              std::string_view("\0", 1),
                                              "\xff",
                                              "\xc2\x85",
                                              "\xef\xbb\xbf",
                                              "\xed\xa0\x80",
                                              "\xe2\x80\xae",
                                              "ELSE",
                                              "ENDIF",
                                              "CATCH",
                                              "INTO x",
                                              "-> x",
                                              "[",
                                              ",",
                                              "$(x)",
                                              "&",
                                              ">>",
                                              "1e999",
                                              "-0",
                                              "((((",
                                              "NOT NOT "};
  for (size_t times = choices->Below(3) + 1; times > 0 && !pieces.empty(); --times) {
    const auto at = pieces.begin() + static_cast<std::ptrdiff_t>(choices->Below(pieces.size()));
    switch (choices->Below(6)) {
      case 0:
        pieces.erase(at);
        break;
      case 1:
        pieces.insert(at, *at);
        break;
      case 2:
        std::swap(*at, pieces[choices->Below(pieces.size())]);
        break;
      case 3:
        *at = at->substr(choices->Below(at->size() + 1));
        break;
      case 4:
        pieces.erase(at, pieces.end());
        break;
      default:
        pieces.insert(at, kOdd[choices->Below(std::size(kOdd))]);
        break;
    }
  }
  return Join(pieces);
}

}  // namespace quanta::fuzz
