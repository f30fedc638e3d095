// SPDX-License-Identifier: MIT
#pragma once

#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "converter/checkpoint.h"
#include "converter/registry.h"

namespace quanta::converter {

/// What the user says beside the checkpoint. But for the first, they are what some kinds of
/// checkpoint do not hold: 0 and empty mean not said.
struct ReadOptions {
  /// Unknown settings that the user vouches for.
  std::vector<std::string> allowed_keys = {};
  uint32_t heads = 0;
  uint32_t context = 0;
  std::string config = {};         ///< a file with the model's configuration
  std::string tokenizer = {};      ///< the tokenizer's files
  std::string pre_tokenizer = {};  ///< how it cuts texts, where its files do not tell
};

/// A kind of checkpoint that can be converted.
struct Reader {
  std::string_view name;  ///< "huggingface"
  Version version;
  /// "folder", "shards", ..., and the options that it understands: "--heads".
  std::span<const std::string_view> capabilities;
  std::string_view expects;  ///< "a Hugging Face folder (config.json ...)", for messages

  /// Whether `path` is of this kind, by its content, not its name. Reads little.
  bool (*probe)(const std::string& path);
  /// Maps and checks it. Throws Error.
  std::unique_ptr<Checkpoint> (*open)(const std::string& path, const ReadOptions& options);
};

Registry<Reader>& Readers();

/// Opens `path` with the reader that knows it. Throws Error: kNotFound, or kUnsupported
/// saying what the path looks like instead. An option that the reader would not look at is
/// kInvalidArgument.
std::unique_ptr<Checkpoint> OpenCheckpoint(const std::string& path, const ReadOptions& options);

extern const Reader kGgufReader;
extern const Reader kHuggingFaceReader;
extern const Reader kQfbReader;
extern const Reader kQuantaTissuCore;
extern const Reader kQuantaTissuNpz;

}  // namespace quanta::converter
