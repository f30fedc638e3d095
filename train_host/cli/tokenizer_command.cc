// SPDX-License-Identifier: MIT
#include "train_host/cli/tokenizer_command.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <filesystem>
#include <string>
#include <vector>

#include "converter/error.h"
#include "converter/interrupt.h"
#include "converter/json.h"
#include "converter/progress.h"
#include "converter/writer/atomic_file.h"
#include "runtime/core/thread_pool.h"
#include "train_host/tokenizer/make_tokenizer.h"

namespace quanta::train {
namespace {

namespace fs = std::filesystem;
using converter::Error;
using converter::Progress;

constexpr const char* kDescription =
    "Learns a tokenizer (byte-level BPE) from text files, and writes it as a Hugging Face folder\n"
    "has it: tokenizer.json, tokenizer_config.json. Files named *.jsonl hold an object a line,\n"
    "with texts under 'text', 'prompt' or 'answer'. The same texts give the same files.\n";
constexpr const char* kFooter =
    "Examples:\n"
    "  quanta-train tokenizer book.txt -o mine --vocab 8192\n"
    "  quanta-train tokenizer train.jsonl -o mine --vocab 4096 --special '<|user|>' --digits";

struct Settings {
  TokenizerOptions options;
  std::vector<std::string> special_tokens, keys;
  std::string output;
  bool force = false, json = false, quiet = false;
};

void Define(CLI::App& app, Settings* settings) {
  TokenizerOptions& options = settings->options;
  options.bpe.vocabulary = 8192;
  options.eos = "<|endoftext|>";
  options.threads = ThreadPool::UsableCores();
  app.footer(kFooter);
  app.add_option("FILE", options.files, "Texts, UTF-8")->required()->type_name("");
  app.add_option("-o,--output", settings->output, "The folder to write to; made if need be")
      ->required()
      ->type_name("FOLDER");
  app.add_option("--vocab", options.bpe.vocabulary,
                 "Tokens: special ones, 256 bytes, and merges (8192)")
      ->type_name("N");
  app.add_option("--special", settings->special_tokens,
                 "A special token; may be repeated. Ids count from --eos, then --bos, on")
      ->allow_extra_args(false)
      ->type_name("TOKEN");
  app.add_option("--eos", options.eos, "What ends a text (<|endoftext|>); '' = nothing")
      ->type_name("TOKEN");
  app.add_option("--bos", options.bos, "What begins one; may be the same (nothing)")
      ->type_name("TOKEN");
  app.add_option("--pre-tokenizer", options.pre_tokenizer,
                 "How texts are cut into words: gpt2 (default), llama3, qwen2")
      ->type_name("NAME");
  app.add_flag("--digits", options.split_digits, "Each digit is a word of its own");
  app.add_flag("--spaces", options.split_spaces,
               "Runs of spaces are words of their own: a word is the same token with and without "
               "a space before it");
  app.add_option("--min-frequency", options.bpe.min_frequency,
                 "Merge no pair that occurs less often (2)")
      ->type_name("N");
  app.add_flag("--lines", options.corpus.lines, "Every line is a text of its own");
  app.add_option("--key", settings->keys, "Of .jsonl: what holds texts; may be repeated")
      ->allow_extra_args(false)
      ->type_name("NAME");
  app.add_option("-t,--threads", options.threads, "Threads that count words (all cores)")
      ->check(CLI::Range(1, 1024))
      ->type_name("N");
  app.add_flag("--force", settings->force, "Replace the tokenizer that is there");
  app.add_flag("--json", settings->json, "Report as JSON");
  app.add_flag("-q,--quiet", settings->quiet, "No report, no progress");
}

/// The end and the beginning of texts, then the others.
std::vector<std::string> SpecialTokens(const Settings& settings) {
  std::vector<std::string> tokens;
  const auto add = [&](const std::string& token) {
    if (std::find(tokens.begin(), tokens.end(), token) == tokens.end()) tokens.push_back(token);
  };
  if (!settings.options.eos.empty()) add(settings.options.eos);
  if (!settings.options.bos.empty()) add(settings.options.bos);
  for (const std::string& token : settings.special_tokens) add(token);
  return tokens;
}

void WriteAtomically(const fs::path& path, const std::string& text) {
  ErrorDetail detail;
  const std::string name = path.string();
  auto file = converter::Value(writer::AtomicFile::Create(name, &detail), detail, name);
  converter::Check(file.Write(std::as_bytes(std::span(text)), &detail), detail, name);
  converter::Check(file.Commit(&detail), detail, name);
}

/// tokenizer.json last: where it is, the other one is.
void WriteFolder(const fs::path& folder, const converter::TokenizerFiles& files) {
  std::error_code error;
  fs::create_directories(folder, error);
  if (error) throw Error(Code::kIo, folder.string(), "cannot be made: " + error.message());
  WriteAtomically(folder / "tokenizer_config.json", files.tokenizer_config_json);
  WriteAtomically(folder / "tokenizer.json", files.tokenizer_json);
}

std::string AsJson(const TokenizerReport& report) {
  converter::Json json = {
      {"vocabulary", report.vocabulary}, {"special_tokens", report.special_tokens},
      {"merges", report.merges},         {"files", report.files},
      {"texts", report.texts},           {"bytes", report.bytes},
      {"words", report.words},           {"different_words", report.different_words},
      {"tokens", report.tokens}};
  return json.dump(2) + "\n";
}

std::string AsText(const TokenizerReport& report, const fs::path& file, uint32_t asked) {
  std::string text = converter::Format(
      "%s: %u tokens (%u special, 256 bytes, %zu merges)\n"
      "from %.2f MB in %llu texts: %llu words, %llu different; they become %llu tokens, %.2f bytes "
      "each\n",
      file.c_str(), report.vocabulary, report.special_tokens, report.merges,
      static_cast<double>(report.bytes) / 1e6, static_cast<unsigned long long>(report.texts),
      static_cast<unsigned long long>(report.words),
      static_cast<unsigned long long>(report.different_words),
      static_cast<unsigned long long>(report.tokens),
      static_cast<double>(report.bytes) / static_cast<double>(report.tokens));
  if (report.vocabulary < asked) {
    text +=
        converter::Format("fewer than the %u asked for: no other pair is frequent enough\n", asked);
  }
  return text;
}

}  // namespace

int RunTokenizer(Arguments arguments) {
  Settings settings;
  CLI::App app(kDescription, "tokenizer");
  Define(app, &settings);
  if (const std::optional<int> done = ParseArguments(app, arguments)) return *done;
  TokenizerOptions& options = settings.options;
  options.bpe.special_tokens = SpecialTokens(settings);
  if (!settings.keys.empty()) options.corpus.keys = settings.keys;
  const fs::path file = fs::path(settings.output) / "tokenizer.json";
  std::error_code error;
  if (fs::exists(file, error) && !settings.force) {
    throw Error(Code::kInvalidArgument, file.string(), "is there already", "--force replaces it");
  }
  Progress progress(settings.quiet ? Progress::Style::kNone : Progress::StyleFor(stderr), stderr,
                    converter::WatchInterrupts());
  TokenizerReport report;
  const converter::TokenizerTables tables = MakeTokenizer(options, &report, &progress);
  WriteFolder(settings.output, WriteFiles(tables));
  progress.Clear();
  if (settings.json) {
    Print(AsJson(report));
  } else if (!settings.quiet) {
    Print(AsText(report, file, options.bpe.vocabulary));
  }
  return 0;
}

}  // namespace quanta::train
