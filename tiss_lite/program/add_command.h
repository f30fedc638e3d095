// SPDX-License-Identifier: MIT
#pragma once

#include <memory>

#include "tiss_lite/program/commands.h"

namespace quanta::lite::program {

/// Adds a command. `Command` has Define(CLI::App*), which adds its options, and int Run(), its
/// exit code; it lives until the program ends.
template <class Command>
void AddCommand(CLI::App& app, Action* action, const char* name, const char* what) {
  CLI::App* command = app.add_subcommand(name, what);
  const auto state = std::make_shared<Command>();
  state->Define(command);
  command->callback([state, action] { *action = [state] { return state->Run(); }; });
}

}  // namespace quanta::lite::program
