// SPDX-License-Identifier: MIT
#pragma once

#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "converter/checkpoint.h"
#include "converter/registry.h"

namespace quanta::converter {

struct ReadOptions {
  /// Unknown settings that the user vouches for.
  std::vector<std::string> allowed_keys;
};

/// A kind of checkpoint that can be converted.
struct Reader {
  std::string_view name;  ///< "huggingface"
  Version version;
  std::span<const std::string_view> capabilities;  ///< "folder", "single-file", ...
  std::string_view expects;  ///< "a Hugging Face folder (config.json ...)", for messages

  /// Whether `path` is of this kind, by its content, not its name. Reads little.
  bool (*probe)(const std::string& path);
  /// Maps and checks it. Throws Error.
  std::unique_ptr<Checkpoint> (*open)(const std::string& path, const ReadOptions& options);
};

Registry<Reader>& Readers();

/// Opens `path` with the reader that knows it. Throws Error: kNotFound, or kUnsupported
/// saying what the path looks like instead.
std::unique_ptr<Checkpoint> OpenCheckpoint(const std::string& path, const ReadOptions& options);

extern const Reader kHuggingFaceReader;
extern const Reader kQfbReader;

}  // namespace quanta::converter
