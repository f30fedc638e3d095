// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "tiss_lite/shell/tool.h"

/// What the built-in tools share, and how each group of them is added.
namespace quanta::lite::tools {

/// The options of a call. `flags` are the letters that stand alone, `valued` those that take a
/// value ("-n 3" or "-n3"). Options end at "--", "-" alone or the first operand.
struct Options {
  std::string given;  ///< the letters met
  std::vector<std::pair<char, std::string>> values;
  std::vector<std::string> operands;

  bool Has(char letter) const { return given.find(letter) != given.npos; }
  /// The last value of an option.
  std::optional<std::string> Value(char letter) const;
};

/// False, with a message, if an option is unknown or lacks its value.
bool ParseOptions(ToolCall& call, std::string_view flags, std::string_view valued,
                  Options* options);

/// A whole number that is not negative, below 10^15.
std::optional<uint64_t> ParseCount(std::string_view text);
std::optional<int64_t> ParseInteger(std::string_view text);

/// Calls `use(line)` for each line, without its end, until that returns false.
template <class Use>
void ForEachLine(std::string_view text, Use use) {
  while (!text.empty()) {
    const size_t end = text.find('\n');
    const std::string_view line = text.substr(0, end);
    text.remove_prefix(end == text.npos ? text.size() : end + 1);
    if (!use(line)) return;
  }
}

/// What a tool that reads files or its standard input works on.
struct Input {
  std::string name;  ///< as given; empty for the standard input
  Bytes bytes;
};

/// Reads the operands ("-": the standard input; none: it too). What cannot be read gives a
/// message and sets `code` to `failure`.
std::vector<Input> ReadInputs(ToolCall& call, const std::vector<std::string>& operands, int failure,
                              int* code);

using Run = int (*)(ToolCall&);
void Add(ToolRegistry* registry, const char* name, const char* summary,
         std::vector<std::string> capabilities, Run run);

void AddTextTools(ToolRegistry* registry);    // cat head tail wc tee cmp
void AddLineTools(ToolRegistry* registry);    // sort uniq cut tr
void AddSearchTools(ToolRegistry* registry);  // grep
void AddFolderTools(ToolRegistry* registry);  // ls mkdir rmdir rm
void AddFileTools(ToolRegistry* registry);    // cp mv touch
void AddPlainTools(ToolRegistry* registry);   // echo printf pwd true false seq basename dirname
void AddTestTools(ToolRegistry* registry);    // test [

}  // namespace quanta::lite::tools
