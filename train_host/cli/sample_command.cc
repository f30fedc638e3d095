// SPDX-License-Identifier: MIT
#include "train_host/cli/sample_command.h"

#include <CLI/CLI.hpp>
#include <string>

#include "train_host/training/evaluate.h"
#include "train_host/training/loaded_model.h"

namespace quanta::train {
namespace {

constexpr const char* kDescription =
    "Writes what the model puts behind a prompt. The trainer's forward pass, for a look at a\n"
    "checkpoint: convert it for `quanta run`, which is many times as fast.";

}  // namespace

int RunSample(Arguments arguments) {
  std::string checkpoint, prompt, qat, embed;
  SampleOptions options;
  int threads = 0;
  CLI::App app(kDescription, "sample");
  app.add_option("CHECKPOINT", checkpoint, "A Hugging Face folder")->required()->type_name("");
  app.add_option("-p,--prompt", prompt, "What comes before")->required()->type_name("TEXT");
  app.add_option("-n,--tokens", options.tokens, "At most so many (64)")->type_name("N");
  app.add_option("--temperature", options.temperature, "0 (default): the likeliest token")
      ->check(CLI::Range(0.0, 100.0))
      ->type_name("T");
  app.add_option("--seed", options.seed, "Of the choice, with a temperature (0)")->type_name("N");
  app.add_option("--qat", qat, "Compute as the runtime will with weights of q4 or q8")
      ->type_name("SCHEME");
  app.add_option("--qat-embed", embed, "The embedding's scheme, if not that one")
      ->type_name("SCHEME");
  app.add_option("--threads", threads, "Threads; default: the usable cores")
      ->check(CLI::Range(1, 256))
      ->type_name("N");
  if (const auto code = ParseArguments(app, arguments)) return *code;

  LoadedModel loaded(checkpoint, 1, 0, ParseQat(qat, embed), threads);
  Print(Sample(loaded.model(), loaded.weights(), loaded.tokenizer(), prompt, loaded.length(),
               loaded.shape().vocab, options) +
        "\n");
  return 0;
}

}  // namespace quanta::train
