// SPDX-License-Identifier: MIT
#include "train_host/cli/program.h"

#include <string>
#include <string_view>

#include "converter/error.h"
#include "converter/version.h"
#include "train_host/cli/command_line.h"
#include "train_host/cli/eval_command.h"
#include "train_host/cli/plot_command.h"
#include "train_host/cli/sample_command.h"
#include "train_host/cli/tokenizer_command.h"
#include "train_host/cli/train_command.h"
#include "train_host/parallel/communicator.h"

namespace quanta::train {
namespace {

using converter::Error;

struct Command {
  const char* name;
  const char* what;
  int (*run)(Arguments arguments);
  bool parallel = false;  ///< runs in several processes
};

/// In the order of --help. A command has a header of its own.
constexpr Command kCommands[] = {
    {"tokenizer", "Make a tokenizer (byte-level BPE) from text files", RunTokenizer},
    {"train", "Train a model as a configuration file says", RunTrain, true},
    {"eval", "Measure how well a checkpoint predicts texts", RunEval},
    {"sample", "Let a checkpoint write", RunSample},
    {"plot", "Draw loss, learning rate, gradient norm and speed of runs", RunPlot},
};

void PrintHelp() {
  std::string text =
      "Trains small language models on this machine.\n"
      "Usage: quanta-train COMMAND [OPTIONS]\n\n"
      "Commands (quanta-train COMMAND --help says more):\n";
  for (const Command& command : kCommands) {
    text += converter::Format("  %-12s%s\n", command.name, command.what);
  }
  text += "\nSeveral processes: " +
          (MpiVersion().empty() ? "not in this build, which has no MPI"
                                : "mpirun -n N quanta-train train ... (" + MpiVersion() + ")") +
          "\n\nOptions:\n"
          "  -h,--help   Print this help message and exit\n"
          "  --version   Display program version information and exit\n\n"
          "Exit codes: 0 ok, 1 failed, 2 usage, 3 bad file, 4 out of memory, 130 interrupted.\n";
  Print(text);
}

int Run(int argc, const char* const* argv) {
  if (argc < 2) throw Error(Code::kInvalidArgument, "", "no command", "see quanta-train --help");
  const std::string_view name = argv[1];
  if (name == "--help" || name == "-h") {
    PrintHelp();
    return 0;
  }
  if (name == "--version") {
    const std::string mpi = MpiVersion();
    Print("quanta-train " QUANTA_VERSION " (" + (mpi.empty() ? "without MPI" : mpi) + ")\n");
    return 0;
  }
  for (const Command& command : kCommands) {
    if (name == command.name) {
      if (!command.parallel && FindLaunch().size > 1) {
        throw Error(Code::kInvalidArgument, "", "'" + std::string(name) + "' is for one process",
                    "start it without mpirun");
      }
      return command.run(Arguments(argv + 2, static_cast<size_t>(argc - 2)));
    }
  }
  throw Error(Code::kInvalidArgument, "", "there is no command '" + std::string(name) + "'",
              "see quanta-train --help");
}

}  // namespace

int RunProgram(int argc, const char* const* argv) {
  int exit_code = 0;
  const Failure failure = Try([&] { exit_code = Run(argc, argv); });
  if (failure.code == Code::kOk) return exit_code;
  // What one of several processes has to complain about here, all have.
  if (FindLaunch().rank == 0) Note(failure.text);
  return converter::ExitCode(failure.code);
}

}  // namespace quanta::train
