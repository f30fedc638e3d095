// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "converter/gguf/architectures.h"
#include "converter/gguf/container.h"

namespace quanta::converter {

/// What a model's config.json would say, from the settings of a GGUF file.
struct GgufModel {
  const GgufArchitecture* architecture = nullptr;
  Json config;  ///< for FindFamily and BuildCheckpoint
  uint32_t head_dim = 0;
  std::vector<std::string> used_tensors;  ///< that went into `config`
  std::vector<std::string> notes;         ///< for the report
};

/// Reads the settings of `file`, which came from `place`. Of what they do not say, the names
/// of the tensors tell whether there are biases and a head, the embedding how many tokens.
///   allowed: settings to let pass, "llama.X", as for Config::RefuseUnread
/// Throws Error: kUnsupported for an architecture or a setting that is not known, by its
/// name; kCorrupt.
GgufModel ReadGgufModel(const GgufFile& file, const std::string& place,
                        std::span<const std::string> allowed);

}  // namespace quanta::converter
