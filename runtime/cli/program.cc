// SPDX-License-Identifier: MIT
#include "runtime/cli/program.h"

#include <exception>
#include <new>
#include <optional>
#include <string>

#include "quanta/exit_code.h"
#include "runtime/cli/commands.h"
#include "runtime/cli/error.h"
#include "runtime/cli/interrupt.h"
#include "runtime/cli/output.h"

#ifndef QUANTA_VERSION
#define QUANTA_VERSION "0"
#endif

namespace quanta::cli {
namespace {

constexpr char kAbout[] =
    "Runs small language models (.qfb files; quanta-convert makes them).\n"
    "\n"
    "  quanta run model.qfb -p \"What is a monad?\"\n"
    "  quanta chat model.qfb\n"
    "  quanta info model.qfb --memory --verify\n";

constexpr char kExitCodes[] =
    "Exit codes: 0 done, 1 failed, 2 wrong command, 3 wrong file, 4 out of memory, "
    "130 interrupted.";

int Fail(Code code, const std::string& text) {
  Complain("quanta: " + text);
  return ExitCode(code);
}

void Define(CLI::App& app, Action* action) {
  app.footer(kExitCodes);
  app.set_version_flag("--version", "quanta " QUANTA_VERSION);
  app.require_subcommand(1);
  AddRun(app, action);
  AddChat(app, action);
  AddBench(app, action);
  AddEval(app, action);
  AddInfo(app, action);
  AddTokenize(app, action);
  AddLogits(app, action);
  AddRender(app, action);
}

/// The exit code if that was all.
std::optional<int> Parse(CLI::App& app, int argc, char** argv) {
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    if (error.get_exit_code() == static_cast<int>(CLI::ExitCodes::Success)) {
      return app.exit(error);  // --help, --version
    }
    if (app.get_subcommands().empty() && argc > 1 && argv[1][0] != '-') {
      const Error unknown(Code::kInvalidArgument, "",
                          "there is no command '" + std::string(argv[1]) + "'",
                          "see quanta --help");
      return Fail(unknown.code(), unknown.what());
    }
    std::string command = "quanta";
    for (const CLI::App* sub : app.get_subcommands()) command += " " + sub->get_name();
    const Error line(Code::kInvalidArgument, "", error.what(), "see " + command + " --help");
    return Fail(line.code(), line.what());
  }
  return std::nullopt;
}

}  // namespace

int RunProgram(int argc, char** argv) {
  PrepareStreams();
  // Commands ask their options while they run: the grammar lives as long.
  CLI::App app(kAbout, "quanta");
  Action action;
  Define(app, &action);
  if (const std::optional<int> done = Parse(app, argc, argv)) return *done;
  WatchInterrupts();
  try {
    return action();
  } catch (const OutputClosed&) {
    return 0;
  } catch (const Error& error) {
    return Fail(error.code(), error.what());
  } catch (const std::bad_alloc&) {
    return Fail(Code::kOutOfMemory, "out of memory");
  } catch (const std::exception& error) {
    return Fail(Code::kInternal, error.what());
  }
}

}  // namespace quanta::cli
