// SPDX-License-Identifier: MIT
#pragma once

#include <CLI/CLI.hpp>
#include <functional>

/// The commands of `tiss-lite`.
namespace quanta::lite::program {

/// What to do once the command line has been read; returns the exit code.
using Action = std::function<int()>;

void AddParse(CLI::App& app, Action* action);
void AddLint(CLI::App& app, Action* action);
void AddFormat(CLI::App& app, Action* action);
void AddLsp(CLI::App& app, Action* action);
void AddPlan(CLI::App& app, Action* action);
void AddRun(CLI::App& app, Action* action);  // run, diff
void AddResume(CLI::App& app, Action* action);
void AddUndo(CLI::App& app, Action* action);
void AddAsk(CLI::App& app, Action* action);

/// The whole program.
int RunProgram(int argc, char** argv);

}  // namespace quanta::lite::program
