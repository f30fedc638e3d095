// SPDX-License-Identifier: MIT
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace CLI {
class App;
}

namespace quanta::train {

/// The words of the command line behind a command's name.
using Arguments = std::span<const char* const>;

/// Fills the variables that `app` was given. `app` is named after its command ("tokenizer").
/// Returns an exit code where there is nothing left to do (--help).
/// Throws converter::Error(kInvalidArgument).
std::optional<int> ParseArguments(CLI::App& app, Arguments arguments);

/// Throws converter::Error(kIo) if the standard output takes it no more.
void Print(std::string_view text);
/// A line on the standard error, for what is no error.
void Note(const std::string& line);

}  // namespace quanta::train
