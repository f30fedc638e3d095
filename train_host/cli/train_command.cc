// SPDX-License-Identifier: MIT
#include "train_host/cli/train_command.h"

#include <CLI/CLI.hpp>
#include <string>
#include <vector>

#include "converter/error.h"
#include "converter/interrupt.h"
#include "train_host/parallel/communicator.h"
#include "train_host/training/trainer.h"

namespace quanta::train {
namespace {

constexpr const char* kDescription =
    "Trains a model. The output folder gets metrics.jsonl and checkpoints: Hugging Face folders\n"
    "that quanta-convert and transformers read, and that --resume goes on from bit for bit.\n"
    "Under mpirun its processes train one model together.";
constexpr const char* kFooter =
    "Examples:\n"
    "  quanta-train train --config tiny.json\n"
    "  quanta-train train --config tiny.json --set optimizer.lr=0.002 --set output=run2\n"
    "  quanta-train train --config tiny.json --resume\n"
    "  mpirun -n 2 quanta-train train --config tiny.json\n"
    "docs/training.md describes the configuration file.";

struct Settings {
  std::string config, qat;
  std::vector<std::string> settings;
  uint32_t lora = 0;
  bool resume = false, quiet = false;
};

void Train(const Settings& given, Communicator& processes) {
  TrainConfig config;
  Together(processes, [&] { config = ReadTrainConfig(given.config, given.settings); });
  TrainerOptions options;
  options.resume = given.resume;
  options.style =
      given.quiet ? converter::Progress::Style::kNone : converter::Progress::StyleFor(stderr);
  options.stop = converter::WatchInterrupts();
  options.processes = &processes;
  Trainer trainer(std::move(config), options);
  trainer.Run();
}

}  // namespace

int RunTrain(Arguments arguments) {
  Settings given;
  CLI::App app(kDescription, "train");
  app.footer(kFooter);
  app.add_option("--config", given.config, "The configuration, JSON")
      ->required()
      ->type_name("FILE");
  app.add_option("--set", given.settings, "A setting in place of the file's; may be repeated")
      ->allow_extra_args(false)
      ->type_name("KEY=VALUE");
  app.add_option("--qat", given.qat, "Train for weights of q4 or q8: --set qat.scheme=...")
      ->type_name("SCHEME");
  app.add_option("--lora", given.lora, "Train an update of this rank: --set lora.rank=...")
      ->type_name("RANK");
  app.add_flag("--resume", given.resume, "Go on from the last checkpoint, if there is one");
  app.add_flag("--quiet,-q", given.quiet, "No progress");
  if (const auto code = ParseArguments(app, arguments)) return *code;

  if (!given.qat.empty()) given.settings.push_back("qat.scheme=\"" + given.qat + "\"");
  if (given.lora != 0) given.settings.push_back("lora.rank=" + std::to_string(given.lora));
  const std::unique_ptr<Communicator> processes = JoinProcesses(FindLaunch());
  if (processes->size() == 1) {
    Train(given, *processes);
    return 0;
  }
  const Failure failure = Try([&] { Train(given, *processes); });
  const int exit_code = converter::ExitCode(failure.code);
  if (failure.code == Code::kOk) return 0;
  if (!failure.common) {
    Note(converter::Format("process %d: %s", processes->rank(), failure.text.c_str()));
    processes->Abort(exit_code);
  }
  // Told before the others may end: a launcher then ends all that still run.
  if (processes->first()) Note(failure.text);
  return exit_code;
}

}  // namespace quanta::train
