// SPDX-License-Identifier: MIT
#include "converter/readers/reader.h"

#include <filesystem>

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

}  // namespace

Registry<Reader>& Readers() {
  static Registry<Reader> registry = [] {
    Registry<Reader> all;
    all.Add(&kHuggingFaceReader);
    all.Add(&kQfbReader);
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
    if (reader->probe(path)) return reader->open(path, options);
  }
  if (std::filesystem::is_directory(path, error)) {
    throw Error(Code::kUnsupported, path, "this folder has no config.json", Expected());
  }
  throw Error(Code::kUnsupported, path, "looks like " + SniffPath(path),
              IsPart(path) ? "name the folder that holds it" : Expected());
}

}  // namespace quanta::converter
