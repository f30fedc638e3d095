// SPDX-License-Identifier: MIT
#include "train_host/cli/command_line.h"

#include <CLI/CLI.hpp>
#include <cstdio>
#include <vector>

#include "converter/error.h"

namespace quanta::train {

using converter::Error;

std::optional<int> ParseArguments(CLI::App& app, Arguments arguments) {
  const std::string command = "quanta-train " + app.get_name();
  app.name(command);
  app.get_formatter()->column_width(36);
  std::vector<std::string> words(arguments.rbegin(), arguments.rend());  // as CLI11 wants them
  try {
    app.parse(std::move(words));
  } catch (const CLI::ParseError& error) {
    if (error.get_exit_code() == static_cast<int>(CLI::ExitCodes::Success)) {
      return app.exit(error);  // --help
    }
    throw Error(Code::kInvalidArgument, "", error.what(), "see " + command + " --help");
  }
  return std::nullopt;
}

void Print(std::string_view text) {
  if (std::fwrite(text.data(), 1, text.size(), stdout) != text.size() || std::fflush(stdout) != 0) {
    throw Error(Code::kIo, "", "cannot write to the standard output");
  }
}

void Note(const std::string& line) { std::fprintf(stderr, "quanta-train: %s\n", line.c_str()); }

}  // namespace quanta::train
