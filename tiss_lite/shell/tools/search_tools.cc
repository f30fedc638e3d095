// SPDX-License-Identifier: MIT
//
// grep.
#include <optional>

#include "tiss_lite/base/chars.h"
#include "tiss_lite/base/search.h"
#include "tiss_lite/shell/regex.h"
#include "tiss_lite/shell/tools/tools.h"

namespace quanta::lite::tools {
namespace {

constexpr int kTrouble = 2;

std::string Lower(std::string_view text) {
  std::string lower(text);
  for (char& c : lower) c = ToLower(c);
  return lower;
}

struct Search {
  std::string fixed;
  std::optional<Regex> regex;
  bool any_case = false;
  bool inverted = false;

  uint64_t WorkPerByte() const { return regex ? 1 + regex->size() : 1; }
  bool Selects(std::string_view line) const {
    if (regex) return regex->FoundIn(line) != inverted;
    return ContainsText(any_case ? Lower(line) : line, fixed) != inverted;
  }
};

struct Output {
  bool count, quiet, numbers, names;
};

/// The number of lines selected.
uint64_t SearchInput(ToolCall& call, const Search& search, const Input& input,
                     const Output& output) {
  uint64_t found = 0, number = 0;
  const std::string prefix =
      output.names ? (input.name.empty() ? "(standard input)" : input.name) + ":" : "";
  ForEachLine(*input.bytes, [&](std::string_view line) {
    ++number;
    if (!call.files.Spend((line.size() + 1) * search.WorkPerByte())) return false;
    if (!search.Selects(line)) return true;
    ++found;
    if (output.quiet) return false;
    if (output.count) return true;
    return call.Line(
        Concat(prefix, output.numbers ? std::to_string(number) + ":" : std::string(), line));
  });
  if (output.count && !output.quiet) call.Line(prefix + std::to_string(found));
  return found;
}

int Grep(ToolCall& call) {
  Options options;
  if (!ParseOptions(call, "ivcqnFE", "", &options)) return kTrouble;
  if (options.operands.empty()) return call.Fail("expected a text to look for", kTrouble);
  Search search;
  search.any_case = options.Has('i');
  search.inverted = options.Has('v');
  search.fixed = search.any_case ? Lower(options.operands[0]) : options.operands[0];
  if (options.Has('E')) {
    const char* why = search.regex.emplace().Compile(options.operands[0], search.any_case);
    if (why != nullptr) return call.Fail(why, kTrouble);
  }
  options.operands.erase(options.operands.begin());
  int code = 0;
  const bool names = options.operands.size() > 1;
  const Output output{options.Has('c'), options.Has('q'), options.Has('n'), names};
  uint64_t found = 0;
  for (const Input& input : ReadInputs(call, options.operands, kTrouble, &code)) {
    found += SearchInput(call, search, input, output);
  }
  if (code != 0 && !(output.quiet && found > 0)) return code;
  return found > 0 ? 0 : 1;
}

}  // namespace

void AddSearchTools(ToolRegistry* registry) {
  Add(registry, "grep", "lines with a text [-i -v -c -q -n -F], or -E a pattern", {"fs.read"},
      Grep);
}

}  // namespace quanta::lite::tools
