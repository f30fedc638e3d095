// SPDX-License-Identifier: MIT
#include "train_host/cli/eval_command.h"

#include <CLI/CLI.hpp>
#include <cmath>
#include <numbers>
#include <string>
#include <vector>

#include "converter/error.h"
#include "converter/json.h"
#include "converter/scratch.h"
#include "train_host/training/evaluate.h"
#include "train_host/training/loaded_model.h"

namespace quanta::train {
namespace {

constexpr const char* kDescription =
    "Predicts the documents of FILEs, each from its beginning, and prints the mean loss, the\n"
    "perplexity and, where everything is predicted, bits per byte.";

struct Settings {
  std::string checkpoint, qat, embed, separator;
  std::vector<std::string> files;
  uint32_t length = 0, batch = 16;
  int threads = 0;
  bool whole = false, json = false;
};

void Define(CLI::App& app, Settings* given) {
  app.add_option("CHECKPOINT", given->checkpoint, "A Hugging Face folder")
      ->required()
      ->type_name("");
  app.add_option("FILE", given->files, "Texts, or documents as JSONL")->required()->type_name("");
  app.add_option("--qat", given->qat, "Compute as the runtime will with weights of q4 or q8")
      ->type_name("SCHEME");
  app.add_option("--qat-embed", given->embed, "The embedding's scheme, if not that one")
      ->type_name("SCHEME");
  app.add_option("--length", given->length, "Tokens of a row; default: the context")
      ->type_name("N");
  app.add_option("--batch", given->batch, "Rows at a time (16)")
      ->check(CLI::Range(1, 1 << 16))
      ->type_name("N");
  app.add_option("--separator", given->separator, "What stands between documents of text files")
      ->type_name("TEXT");
  app.add_option("--threads", given->threads, "Threads; default: the usable cores")
      ->check(CLI::Range(1, 256))
      ->type_name("N");
  app.add_flag("--whole", given->whole, "Cut no document that fits into a row");
  app.add_flag("--json", given->json, "Print a JSON object");
}

}  // namespace

int RunEval(Arguments arguments) {
  Settings given;
  CLI::App app(kDescription, "eval");
  Define(app, &given);
  if (const auto code = ParseArguments(app, arguments)) return *code;

  LoadedModel loaded(given.checkpoint, given.batch, given.length, ParseQat(given.qat, given.embed),
                     given.threads);
  const converter::ScratchFolder scratch(
      (std::filesystem::temp_directory_path() / "quanta-train-eval").string());
  const std::string tokens = scratch.File("eval.tokens");
  WriteTokenFile({given.files, given.separator}, loaded.tokenizer(), 0, tokens, [](uint64_t) {});
  const TokenFile file(tokens);
  const auto alone = Alone();
  const Evaluation result = Evaluate(loaded.model(), loaded.weights(), file,
                                     {.rows = given.batch,
                                      .length = loaded.length(),
                                      .packing = given.whole ? Packing::kWhole : Packing::kSplit},
                                     0, *alone);
  // Over all tokens but each document's first: what of a text is not predicted is not counted.
  const bool all_learnt = result.targets + file.documents() == file.tokens();
  const double bits = result.loss * static_cast<double>(result.targets) / std::numbers::ln2 /
                      static_cast<double>(file.text_bytes());
  if (given.json) {
    converter::Json json = {{"loss", result.loss},
                            {"perplexity", result.perplexity},
                            {"targets", result.targets},
                            {"documents", file.documents()},
                            {"bytes", file.text_bytes()}};
    if (all_learnt) json["bits_per_byte"] = bits;
    Print(json.dump() + "\n");
    return 0;
  }
  Print(converter::Format("loss           %.4f\nperplexity     %.4f\n", result.loss,
                          result.perplexity));
  if (all_learnt) Print(converter::Format("bits per byte  %.4f\n", bits));
  Print(
      converter::Format("targets        %llu\n", static_cast<unsigned long long>(result.targets)));
  return 0;
}

}  // namespace quanta::train
