// SPDX-License-Identifier: MIT
#include "converter/readers/reader.h"

#include <algorithm>
#include <filesystem>
#include <utility>

#include "converter/error.h"
#include "converter/sniff.h"

namespace quanta::converter {
namespace {

std::string Expected() {
  std::string text = "expected ";
  for (const Reader* reader : Readers().entries()) {
    if (reader != Readers().entries().front()) text += " or ";
    text += reader->expects;
  }
  return text;
}

/// A part of a checkpoint that was named instead of the whole.
bool IsPart(const std::filesystem::path& path) {
  return path.filename() == "config.json" || path.filename() == "tokenizer.json" ||
         path.extension() == ".safetensors";
}

/// What was said must not seem to have been obeyed.
void RefuseUnused(const Reader& reader, const std::string& path, const ReadOptions& options) {
  const std::pair<std::string_view, bool> said[] = {
      {"--heads", options.heads != 0},
      {"--context", options.context != 0},
      {"--config", !options.config.empty()},
      {"--tokenizer", !options.tokenizer.empty()},
      {"--pre-tokenizer", !options.pre_tokenizer.empty()},
  };
  for (const auto& [option, used] : said) {
    const auto& known = reader.capabilities;
    if (!used || std::find(known.begin(), known.end(), option) != known.end()) continue;
    throw Error(Code::kInvalidArgument, path,
                std::string(option) + " is of no use: " + std::string(reader.name) +
                    " checkpoints say it themselves",
                "leave it out");
  }
}

}  // namespace

Registry<Reader>& Readers() {
  static Registry<Reader> registry = [] {
    Registry<Reader> all;
    all.Add(&kHuggingFaceReader);
    all.Add(&kGgufReader);
    all.Add(&kQfbReader);
    all.Add(&kQuantaTissuNpz);
    all.Add(&kQuantaTissuCore);
    return all;
  }();
  return registry;
}

std::unique_ptr<Checkpoint> OpenCheckpoint(const std::string& path, const ReadOptions& options) {
  std::error_code error;
  if (!std::filesystem::exists(path, error)) {
    throw Error(error ? Code::kIo : Code::kNotFound, path,
                error ? error.message() : "no such file or folder");
  }
  for (const Reader* reader : Readers().entries()) {
    if (!reader->probe(path)) continue;
    RefuseUnused(*reader, path, options);
    return reader->open(path, options);
  }
  if (std::filesystem::is_directory(path, error)) {
    throw Error(Code::kUnsupported, path, "this folder has no config.json", Expected());
  }
  throw Error(Code::kUnsupported, path, "looks like " + SniffPath(path),
              IsPart(path) ? "name the folder that holds it" : Expected());
}

}  // namespace quanta::converter
