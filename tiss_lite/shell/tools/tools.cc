// SPDX-License-Identifier: MIT
#include "tiss_lite/shell/tools/tools.h"

#include <charconv>

#include "tiss_lite/base/chars.h"

namespace quanta::lite {

void AddBuiltInTools(ToolRegistry* registry) {
  tools::AddTextTools(registry);
  tools::AddLineTools(registry);
  tools::AddSearchTools(registry);
  tools::AddFolderTools(registry);
  tools::AddFileTools(registry);
  tools::AddPlainTools(registry);
  tools::AddTestTools(registry);
  // `help` knows what is registered at the time of the call.
  static_cast<void>(
      registry->Add({"help", "1.0.0", "list the tools", {}, [registry](ToolCall& call) {
                       for (const auto& [name, tool] : registry->tools()) {
                         call.Line(Concat(name, " - ", tool.summary));
                       }
                       return 0;
                     }}));
}

namespace tools {

std::optional<std::string> Options::Value(char letter) const {
  for (auto value = values.rbegin(); value != values.rend(); ++value) {
    if (value->first == letter) return value->second;
  }
  return std::nullopt;
}

bool ParseOptions(ToolCall& call, std::string_view flags, std::string_view valued,
                  Options* options) {
  size_t i = 0;
  for (; i < call.args.size(); ++i) {
    const std::string& arg = call.args[i];
    if (arg.size() < 2 || arg[0] != '-') break;
    if (arg == "--") {
      ++i;
      break;
    }
    for (size_t at = 1; at < arg.size(); ++at) {
      const char letter = arg[at];
      if (flags.find(letter) != flags.npos) {
        options->given += letter;
        continue;
      }
      if (valued.find(letter) == valued.npos) {
        call.Fail(Concat("invalid option -- '", std::string(1, letter), "'"));
        return false;
      }
      std::string value = arg.substr(at + 1);
      if (value.empty()) {
        if (i + 1 == call.args.size()) {
          call.Fail(Concat("option requires an argument -- '", std::string(1, letter), "'"));
          return false;
        }
        value = call.args[++i];
      }
      options->given += letter;
      options->values.emplace_back(letter, std::move(value));
      break;
    }
  }
  options->operands.assign(call.args.begin() + static_cast<std::ptrdiff_t>(i), call.args.end());
  return true;
}

std::optional<int64_t> ParseInteger(std::string_view text) {
  constexpr int64_t kMost = 1'000'000'000'000'000;
  if (text.starts_with('+')) text.remove_prefix(1);
  int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  if (number > kMost || number < -kMost) return std::nullopt;
  return number;
}

std::optional<uint64_t> ParseCount(std::string_view text) {
  const auto number = ParseInteger(text);
  if (!number || *number < 0) return std::nullopt;
  return static_cast<uint64_t>(*number);
}

std::vector<Input> ReadInputs(ToolCall& call, const std::vector<std::string>& operands, int failure,
                              int* code) {
  std::vector<Input> inputs;
  const auto take_stdin = [&] {
    if (call.files.Spend(call.input.size()))
      inputs.push_back({"", MakeBytes(std::string(call.input))});
  };
  if (operands.empty()) take_stdin();
  for (const std::string& operand : operands) {
    if (operand == "-") {
      take_stdin();
      continue;
    }
    Input input{operand, nullptr};
    const FsError error = call.files.Read(operand, &input.bytes);
    if (error == FsError::kNone) {
      inputs.push_back(std::move(input));
    } else {
      *code = call.Fail(operand, error, failure);
    }
  }
  return inputs;
}

void Add(ToolRegistry* registry, const char* name, const char* summary,
         std::vector<std::string> capabilities, Run run) {
  static_cast<void>(registry->Add({name, "1.0.0", summary, std::move(capabilities), run}));
}

}  // namespace tools
}  // namespace quanta::lite
