// SPDX-License-Identifier: MIT
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "converter/checkpoint.h"
#include "converter/config.h"
#include "converter/registry.h"
#include "converter/tensor_set.h"

namespace quanta::converter {

/// What a family makes a model from.
struct FamilyInput {
  Config& config;                             ///< config.json; all of it is to be read
  TensorSet& tensors;                         ///< all of them are to be taken or dropped
  std::span<const std::string> allowed_keys;  ///< unknown settings the user vouches for
};

/// A model architecture: one small file each.
struct Family {
  std::string_view name;  ///< "llama"
  Version version;
  std::string_view architecture;  ///< config.json's architectures[0]
  std::string_view model_type;    ///< and its model_type
  /// Fills the checkpoint's family, architecture, tensors and notes. Anything it does
  /// not know exactly is an Error; nothing is guessed.
  void (*build)(const FamilyInput& input, Checkpoint* checkpoint);
};

/// Entries are added when the program starts, one per file in this folder.
Registry<Family>& Families();

/// The family for a config.json. Throws Error(kUnsupported) with the list of those
/// there are.
const Family& FindFamily(Config& config);

extern const Family kLlama;

}  // namespace quanta::converter
