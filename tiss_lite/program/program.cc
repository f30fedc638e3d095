// SPDX-License-Identifier: MIT
#include <exception>
#include <new>
#include <optional>
#include <string>

#include "quanta/exit_code.h"
#include "runtime/cli/error.h"
#include "runtime/cli/output.h"
#include "tiss_lite/program/commands.h"

#ifndef QUANTA_VERSION
#define QUANTA_VERSION "0"
#endif

namespace quanta::lite::program {
namespace {

constexpr char kAbout[] =
    "Checks and runs TissLang scripts in a sandbox.\n"
    "\n"
    "  tiss-lite lint plan.tiss\n"
    "  tiss-lite plan plan.tiss\n"
    "  tiss-lite run plan.tiss --root folder            (changes nothing, shows the diff)\n"
    "  tiss-lite run plan.tiss --root folder --commit\n"
    "  tiss-lite undo folder\n"
    "  tiss-lite ask \"copy a.txt to b.txt\" --agent model:demo.qfb --root folder\n";

constexpr char kExitCodes[] =
    "Exit codes: 0 done, 1 failed, 2 the script or the command is wrong, 3 the script wanted "
    "what it may not, 4 it used up a budget or limit, 5 it waits for a review or a yes, 130 "
    "interrupted.";

int Fail(Code code, const std::string& text) {
  cli::Complain("tiss-lite: " + text);
  // 3 to 5 are for what scripts do.
  return code == Code::kInvalidArgument || code == Code::kCancelled ? ExitCode(code) : 1;
}

std::optional<int> ParseLine(CLI::App& app, int argc, char** argv) {
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    if (error.get_exit_code() == static_cast<int>(CLI::ExitCodes::Success)) {
      return app.exit(error);  // --help, --version
    }
    std::string command = "tiss-lite";
    for (const CLI::App* sub : app.get_subcommands()) command += " " + sub->get_name();
    const bool unknown = app.get_subcommands().empty() && argc > 1 && argv[1][0] != '-';
    const std::string what =
        unknown ? "there is no command '" + std::string(argv[1]) + "'" : error.what();
    return Fail(Code::kInvalidArgument,
                cli::Error(Code::kInvalidArgument, "", what, "see " + command + " --help").what());
  }
  return std::nullopt;
}

}  // namespace

int RunProgram(int argc, char** argv) {
  cli::PrepareStreams();
  CLI::App app(kAbout, "tiss-lite");
  app.footer(kExitCodes);
  app.set_version_flag("--version", "tiss-lite " QUANTA_VERSION " (TissLang 1.0)");
  app.require_subcommand(1);
  Action action;
  AddParse(app, &action);
  AddLint(app, &action);
  AddFormat(app, &action);
  AddLsp(app, &action);
  AddPlan(app, &action);
  AddRun(app, &action);
  AddResume(app, &action);
  AddUndo(app, &action);
  AddAsk(app, &action);
  if (const std::optional<int> done = ParseLine(app, argc, argv)) return *done;
  try {
    return action();
  } catch (const cli::OutputClosed&) {
    return 0;
  } catch (const cli::Error& error) {
    return Fail(error.code(), error.what());
  } catch (const std::bad_alloc&) {
    return Fail(Code::kOutOfMemory, "out of memory");
  } catch (const std::exception& error) {
    return Fail(Code::kInternal, error.what());
  }
}

}  // namespace quanta::lite::program
