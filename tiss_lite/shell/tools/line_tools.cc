// SPDX-License-Identifier: MIT
//
// Tools that work line by line: sort uniq cut tr.
#include <algorithm>
#include <array>
#include <bitset>

#include "tiss_lite/base/chars.h"
#include "tiss_lite/base/number.h"
#include "tiss_lite/shell/tools/tools.h"

namespace quanta::lite::tools {
namespace {

double LeadingNumber(std::string_view line) {
  line = TrimBlanks(line);
  return ParseNumber(line.substr(0, NumberLength(line))).value_or(0);
}

int Sort(ToolCall& call) {
  constexpr uint64_t kWorkPerLine = 32;
  Options options;
  if (!ParseOptions(call, "run", "", &options)) return 2;
  int code = 0;
  const std::vector<Input> inputs = ReadInputs(call, options.operands, 2, &code);
  std::vector<std::string_view> lines;
  for (const Input& input : inputs) {
    ForEachLine(*input.bytes, [&](std::string_view line) {
      lines.push_back(line);
      return true;
    });
  }
  if (!call.files.Spend(lines.size() * kWorkPerLine)) return 2;
  const bool numeric = options.Has('n');
  const auto less = [numeric](std::string_view a, std::string_view b) {
    if (numeric) {
      const double x = LeadingNumber(a), y = LeadingNumber(b);
      if (x != y) return x < y;
    }
    return a < b;
  };
  std::sort(lines.begin(), lines.end(), less);
  if (options.Has('u')) {
    const auto equal = [&](std::string_view a, std::string_view b) {
      return numeric ? LeadingNumber(a) == LeadingNumber(b) : a == b;
    };
    lines.erase(std::unique(lines.begin(), lines.end(), equal), lines.end());
  }
  if (options.Has('r')) std::reverse(lines.begin(), lines.end());
  for (const std::string_view line : lines) {
    if (!call.Line(line)) break;
  }
  return code;
}

int Uniq(ToolCall& call) {
  constexpr size_t kCountWidth = 7;
  Options options;
  if (!ParseOptions(call, "c", "", &options)) return 1;
  int code = 0;
  const std::vector<Input> inputs = ReadInputs(call, options.operands, 1, &code);
  if (inputs.size() > 1) return call.Fail("expected one file at most");
  std::string_view current;
  uint64_t count = 0;
  const auto flush = [&] {
    if (count == 0) return true;
    if (!options.Has('c')) return call.Line(current);
    std::string number = std::to_string(count);
    if (number.size() < kCountWidth) number.insert(0, kCountWidth - number.size(), ' ');
    return call.Line(Concat(number, " ", current));
  };
  for (const Input& input : inputs) {
    ForEachLine(*input.bytes, [&](std::string_view line) {
      if (count > 0 && line == current) {
        ++count;
        return true;
      }
      if (!flush()) {
        count = 0;
        return false;
      }
      current = line;
      count = 1;
      return true;
    });
  }
  flush();
  return code;
}

/// "1,3-5,7-" as sorted ranges, both ends included.
bool ParseRanges(std::string_view text, std::vector<std::pair<uint64_t, uint64_t>>* ranges) {
  while (true) {
    const size_t comma = std::min(text.find(','), text.size());
    const std::string_view part = text.substr(0, comma);
    const size_t dash = part.find('-');
    const std::string_view low = part.substr(0, dash);
    const std::string_view high = dash == part.npos ? low : part.substr(dash + 1);
    if (part == "-" || part.empty()) return false;
    const auto first = low.empty() ? std::optional<uint64_t>(1) : ParseCount(low);
    const auto last = high.empty() ? std::optional<uint64_t>(UINT64_MAX) : ParseCount(high);
    if (!first || !last || *first == 0 || *last < *first) return false;
    ranges->emplace_back(*first, *last);
    if (comma == text.size()) return true;
    text.remove_prefix(comma + 1);
  }
}

int Cut(ToolCall& call) {
  Options options;
  if (!ParseOptions(call, "", "df", &options)) return 1;
  const std::string delimiter = options.Value('d').value_or("\t");
  std::vector<std::pair<uint64_t, uint64_t>> ranges;
  if (!options.Value('f')) return call.Fail("you must say which fields: -f LIST");
  if (delimiter.size() != 1) return call.Fail("the delimiter must be a single character");
  if (!ParseRanges(*options.Value('f'), &ranges)) return call.Fail("invalid field list");
  int code = 0;
  for (const Input& input : ReadInputs(call, options.operands, 1, &code)) {
    ForEachLine(*input.bytes, [&](std::string_view line) {
      if (line.find(delimiter) == line.npos) return call.Line(line);
      std::string kept;
      bool first = true;
      std::string_view rest = line;
      for (uint64_t field = 1;; ++field) {
        const size_t end = rest.find(delimiter);
        const bool wanted = call.files.Spend(ranges.size()) &&
                            std::any_of(ranges.begin(), ranges.end(), [field](const auto& range) {
                              return field >= range.first && field <= range.second;
                            });
        if (wanted) kept.append(first ? "" : delimiter).append(rest.substr(0, end));
        first = first && !wanted;
        if (end == rest.npos) break;
        rest.remove_prefix(end + 1);
      }
      return call.Line(kept);
    });
  }
  return code;
}

// --- tr ---------------------------------------------------------------------------------

std::string ClassMembers(std::string_view name) {
  std::string members;
  for (int i = 1; i < 127; ++i) {
    const char c = static_cast<char>(i);
    const bool letter = IsUpper(c) || IsLower(c), space = IsSpace(c) || c == '\v' || c == '\f';
    const bool in = name == "upper"   ? IsUpper(c)
                    : name == "lower" ? IsLower(c)
                    : name == "alpha" ? letter
                    : name == "digit" ? IsDigit(c)
                    : name == "alnum" ? letter || IsDigit(c)
                    : name == "space" ? space
                    : name == "blank" ? IsBlank(c)
                    : name == "punct" ? i > 32 && !letter && !IsDigit(c)
                                      : false;
    if (in) members += c;
  }
  return members;
}

/// The bytes that a set of tr stands for; false if it is malformed.
bool ExpandSet(std::string_view text, std::string* set) {
  const auto take = [&text] {
    char c = text[0];
    text.remove_prefix(1);
    if (c == '\\' && !text.empty()) {
      c = text[0] == 'n' ? '\n' : text[0] == 't' ? '\t' : text[0] == 'r' ? '\r' : text[0];
      text.remove_prefix(1);
    }
    return static_cast<unsigned char>(c);
  };
  while (!text.empty()) {
    if (text.starts_with("[:")) {
      const size_t end = text.find(":]");
      const std::string members = end == text.npos ? "" : ClassMembers(text.substr(2, end - 2));
      if (members.empty()) return false;
      *set += members;
      text.remove_prefix(end + 2);
      continue;
    }
    const unsigned char first = take();
    if (text.size() < 2 || text[0] != '-') {
      *set += static_cast<char>(first);
      continue;
    }
    text.remove_prefix(1);
    const unsigned char last = take();
    if (last < first) return false;
    for (int c = first; c <= last; ++c) *set += static_cast<char>(c);
  }
  return true;
}

int Tr(ToolCall& call) {
  Options options;
  if (!ParseOptions(call, "ds", "", &options)) return 1;
  const bool removes = options.Has('d'), squeezes = options.Has('s');
  const size_t wanted =
      (removes && !squeezes) || (squeezes && options.operands.size() == 1) ? 1 : 2;
  if (options.operands.size() != wanted || (removes && squeezes)) {
    return call.Fail("expected SET1 SET2, -d SET1, or -s SET1 [SET2]");
  }
  std::string from, to;
  if (!ExpandSet(options.operands[0], &from) ||
      (wanted == 2 && !ExpandSet(options.operands[1], &to))) {
    return call.Fail("a set is malformed");
  }
  if (wanted == 2 && to.empty()) return call.Fail("SET2 may not be empty");
  std::array<int, 256> map;
  std::bitset<256> squeezed;
  for (size_t i = 0; i < map.size(); ++i) map[i] = static_cast<int>(i);
  for (size_t i = from.size(); i-- > 0;) {
    const auto c = static_cast<unsigned char>(from[i]);
    map[c] = removes       ? -1
             : wanted == 1 ? static_cast<int>(c)
                           : static_cast<unsigned char>(to[std::min(i, to.size() - 1)]);
  }
  for (const char c : wanted == 2 ? to : from) squeezed.set(static_cast<unsigned char>(c));
  std::string out;
  for (const char c : call.input) {
    const int mapped = map[static_cast<unsigned char>(c)];
    if (mapped < 0) continue;
    const char result = static_cast<char>(mapped);
    const bool repeat = squeezes && !out.empty() && out.back() == result &&
                        squeezed.test(static_cast<unsigned char>(result));
    if (!repeat) out += result;
  }
  call.Out(out);
  return 0;
}

}  // namespace

void AddLineTools(ToolRegistry* registry) {
  Add(registry, "sort", "sort lines [-r -u -n]", {"fs.read"}, Sort);
  Add(registry, "uniq", "drop repeated lines [-c]", {"fs.read"}, Uniq);
  Add(registry, "cut", "keep fields of lines: -d CHARACTER -f LIST", {"fs.read"}, Cut);
  Add(registry, "tr", "replace characters: SET1 SET2, -d SET1, -s SET1", {}, Tr);
}

}  // namespace quanta::lite::tools
