// SPDX-License-Identifier: MIT
#pragma once

#include "runtime/cli/options.h"

/// The commands of `quanta`, each in a file of its own.
namespace quanta::cli {

void AddRun(CLI::App& app, Action* action);
void AddChat(CLI::App& app, Action* action);
void AddBench(CLI::App& app, Action* action);
void AddEval(CLI::App& app, Action* action);
void AddInfo(CLI::App& app, Action* action);
void AddTokenize(CLI::App& app, Action* action);
void AddLogits(CLI::App& app, Action* action);
void AddRender(CLI::App& app, Action* action);

}  // namespace quanta::cli
