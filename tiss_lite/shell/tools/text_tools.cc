// SPDX-License-Identifier: MIT
//
// Tools that pass whole texts on: cat head tail wc tee cmp.
#include <algorithm>

#include "tiss_lite/base/chars.h"
#include "tiss_lite/shell/tools/tools.h"

namespace quanta::lite::tools {
namespace {

int Cat(ToolCall& call) {
  Options options;
  if (!ParseOptions(call, "", "", &options)) return 1;
  int code = 0;
  for (const Input& input : ReadInputs(call, options.operands, 1, &code)) call.Out(*input.bytes);
  return code;
}

std::string_view FirstLines(std::string_view text, uint64_t count, bool /*plus*/) {
  size_t end = 0;
  for (; count > 0 && end < text.size(); --count) {
    end = std::min(text.find('\n', end), text.size() - 1) + 1;
  }
  return text.substr(0, end);
}

/// `plus`: "+3", all lines from the third on.
std::string_view LastLines(std::string_view text, uint64_t count, bool plus) {
  if (plus) return text.substr(FirstLines(text, count == 0 ? 0 : count - 1, plus).size());
  if (text.empty() || count == 0) return {};
  size_t begin = text.size() - (text.ends_with('\n') ? 1 : 0);
  for (; count > 0 && begin > 0; --count) {
    const size_t end = text.rfind('\n', begin - 1);
    if (end == text.npos) return text;
    begin = end;
  }
  return text.substr(begin == 0 ? 0 : begin + 1);
}

int Ends(ToolCall& call, std::string_view (*take)(std::string_view, uint64_t, bool)) {
  Options options;
  // "-5" is the old form of "-n 5".
  const bool old = !call.args.empty() && call.args[0].size() > 1 && call.args[0][0] == '-' &&
                   IsDigit(call.args[0][1]);
  std::string number = "10";
  if (old) {
    number = call.args[0].substr(1);
    options.operands.assign(call.args.begin() + 1, call.args.end());
  } else {
    if (!ParseOptions(call, "", "n", &options)) return 1;
    number = options.Value('n').value_or(number);
  }
  const auto count = ParseCount(number);
  if (!count) return call.Fail(Concat("invalid number of lines: '", number, "'"));
  int code = 0;
  const std::vector<Input> inputs = ReadInputs(call, options.operands, 1, &code);
  for (size_t i = 0; i < inputs.size(); ++i) {
    if (options.operands.size() > 1) {
      const std::string& name = inputs[i].name;
      call.Line(Concat(i == 0 ? "" : "\n", "==> ", name.empty() ? "standard input" : name, " <=="));
    }
    call.Out(take(*inputs[i].bytes, *count, number.starts_with('+')));
  }
  return code;
}

int Head(ToolCall& call) { return Ends(call, FirstLines); }
int Tail(ToolCall& call) { return Ends(call, LastLines); }

struct Counts {
  uint64_t lines = 0, words = 0, bytes = 0;
};

Counts Count(std::string_view text) {
  Counts counts;
  counts.bytes = text.size();
  bool in_word = false;
  for (const char c : text) {
    counts.lines += c == '\n';
    const bool space = IsSpace(c) || c == '\v' || c == '\f';
    counts.words += !space && !in_word;
    in_word = !space;
  }
  return counts;
}

void PrintCounts(ToolCall& call, const Options& options, const Counts& counts,
                 const std::string& name) {
  const bool all = !options.Has('l') && !options.Has('w') && !options.Has('c');
  std::string line;
  const auto add = [&](bool wanted, uint64_t count) {
    if (wanted) line.append(line.empty() ? "" : " ").append(std::to_string(count));
  };
  add(all || options.Has('l'), counts.lines);
  add(all || options.Has('w'), counts.words);
  add(all || options.Has('c'), counts.bytes);
  if (!name.empty()) line.append(" ").append(name);
  call.Line(line);
}

int Wc(ToolCall& call) {
  Options options;
  if (!ParseOptions(call, "lwc", "", &options)) return 1;
  int code = 0;
  Counts total;
  for (const Input& input : ReadInputs(call, options.operands, 1, &code)) {
    const Counts counts = Count(*input.bytes);
    total.lines += counts.lines;
    total.words += counts.words;
    total.bytes += counts.bytes;
    PrintCounts(call, options, counts, input.name);
  }
  if (options.operands.size() > 1) PrintCounts(call, options, total, "total");
  return code;
}

int Tee(ToolCall& call) {
  Options options;
  if (!ParseOptions(call, "a", "", &options)) return 1;
  int code = 0;
  for (const std::string& path : options.operands) {
    const FsError error = options.Has('a') ? call.files.Append(path, call.input)
                                           : call.files.Write(path, std::string(call.input));
    if (error != FsError::kNone) code = call.Fail(path, error);
  }
  call.Out(call.input);
  return code;
}

int Cmp(ToolCall& call) {
  constexpr int kTrouble = 2;
  if (call.args.size() != 2) return call.Fail("expected two files", kTrouble);
  int code = 0;
  const std::vector<Input> inputs = ReadInputs(call, call.args, kTrouble, &code);
  if (inputs.size() != 2) return kTrouble;
  const std::string &a = *inputs[0].bytes, &b = *inputs[1].bytes;
  const size_t common = std::min(a.size(), b.size());
  const auto at = static_cast<size_t>(
      std::mismatch(a.begin(), a.begin() + static_cast<std::ptrdiff_t>(common), b.begin()).first -
      a.begin());
  if (at == common && a.size() == b.size()) return 0;
  if (at == common) return call.Fail("EOF on " + call.args[a.size() > b.size() ? 1 : 0]);
  const auto lines = std::count(a.begin(), a.begin() + static_cast<std::ptrdiff_t>(at), '\n');
  call.Line(Concat(call.args[0], " ", call.args[1], " differ: byte ", std::to_string(at + 1),
                   ", line ", std::to_string(lines + 1)));
  return 1;
}

}  // namespace

void AddTextTools(ToolRegistry* registry) {
  Add(registry, "cat", "print files", {"fs.read"}, Cat);
  Add(registry, "head", "the first lines [-n COUNT]", {"fs.read"}, Head);
  Add(registry, "tail", "the last lines [-n COUNT], or those from a line on [-n +LINE]", {"fs.read"}, Tail);
  Add(registry, "wc", "count lines, words, bytes [-l -w -c]", {"fs.read"}, Wc);
  Add(registry, "tee", "print the input and write it to files [-a]", {"fs.write"}, Tee);
  Add(registry, "cmp", "compare two files", {"fs.read"}, Cmp);
}

}  // namespace quanta::lite::tools
