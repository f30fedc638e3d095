// SPDX-License-Identifier: MIT
#include "converter/tokenizer/patterns.h"

#include <algorithm>
#include <iterator>

namespace quanta::converter {
namespace {

using format::PreTokenizerKind;

struct KnownPattern {
  std::string_view regex;
  PreTokenizerKind kind;
};

// Every spelling that is known to match the same as the runtime's scanner, in the
// dialect of Hugging Face's regular expressions. A pattern that only looks alike
// (possessive \p{N}{1,3}+, which repeats there; $, which matches at line ends; letter
// pairs [sS] instead of (?i:), which miss the long s) does not belong here.
constexpr KnownPattern kPatterns[] = {
    {R"('s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+)",
     PreTokenizerKind::kGpt2},
    {R"('(?:[sdmt]|ll|ve|re)| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+)",
     PreTokenizerKind::kGpt2},
    {R"((?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+)",
     PreTokenizerKind::kLlama3},
    {R"('(?i:[sdmt]|ll|ve|re)|[^\r\n\p{L}\p{N}]?+\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]++[\r\n]*|\s*[\r\n]|\s+(?!\S)|\s+)",
     PreTokenizerKind::kLlama3},
    {R"((?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+)",
     PreTokenizerKind::kQwen2},
};

}  // namespace

std::optional<PreTokenizerKind> ScannerOf(std::string_view regex) {
  const auto known = std::find_if(std::begin(kPatterns), std::end(kPatterns),
                                  [&](const KnownPattern& p) { return p.regex == regex; });
  if (known == std::end(kPatterns)) return std::nullopt;
  return known->kind;
}

std::string_view RegexOf(PreTokenizerKind kind) {
  const auto known = std::find_if(std::begin(kPatterns), std::end(kPatterns),
                                  [&](const KnownPattern& p) { return p.kind == kind; });
  return known == std::end(kPatterns) ? std::string_view() : known->regex;
}

}  // namespace quanta::converter
