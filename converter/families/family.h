// SPDX-License-Identifier: MIT
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "converter/checkpoint.h"
#include "converter/config.h"
#include "converter/registry.h"
#include "converter/tensor_set.h"
#include "runtime/format/roles.h"

namespace quanta::converter {

/// What a family makes a model from.
struct FamilyInput {
  Config& config;                             ///< config.json; all of it is to be read
  TensorSet& tensors;                         ///< all of them are to be taken or dropped
  std::span<const std::string> allowed_keys;  ///< unknown settings the user vouches for
  /// Gains of a family with `unit_offset` are stored whole, not less 1.
  bool whole_gains = false;
};

/// Where the checkpoints of a family keep a tensor. Rows of roles that share a name lie
/// one after the other, in the order of the table.
struct TensorName {
  format::Role role;
  std::string_view name;  ///< of a layer's: what follows "model.layers.N."
};

/// Which of the roles that an architecture may have a checkpoint does have, beyond those
/// that it must have.
struct OptionalRoles {
  format::RoleSet model = 0;
  format::RoleSet layer = 0;
};

/// A model architecture: one small file each.
struct Family {
  std::string_view name;  ///< "llama"
  Version version;
  std::string_view architecture;  ///< config.json's architectures[0]
  std::string_view model_type;    ///< and its model_type
  std::span<const TensorName> tensors;
  bool unit_offset = false;  ///< norms multiply by 1 + gain
  /// Fills the architecture from config.json, and says which optional tensors there are.
  /// Reads every setting that changes the mathematics: nothing is guessed.
  OptionalRoles (*configure)(const FamilyInput& input, Checkpoint* checkpoint);
  /// Adds the family's own settings to a config.json for `architecture`, whose common
  /// ones are there. Throws Error(kUnsupported) for what its models cannot express.
  void (*describe)(const format::Architecture& architecture, const OptionalRoles& roles,
                   Json* config);
};

/// Entries are added when the program starts, one per file in this folder.
Registry<Family>& Families();

/// The family for a config.json. Throws Error(kUnsupported) with the list of those
/// there are.
const Family& FindFamily(Config& config);

/// Fills the checkpoint's family, architecture, tensors and notes. Anything that is not
/// known exactly is an Error.
void BuildCheckpoint(const Family& family, const FamilyInput& input, Checkpoint* checkpoint);

/// A config.json that gives `architecture` again, in the words of transformers 4, which 5
/// understands too. Throws Error(kUnsupported) naming what the family cannot express.
Json DescribeConfig(const Family& family, const format::Architecture& architecture,
                    const OptionalRoles& roles);

/// Whether a tensor of this role is the gain of a norm: what `unit_offset` is about.
bool IsNormGain(format::Role role);

/// The full name of a tensor in the family's checkpoints; empty: it has none.
std::string FullName(const Family& family, format::Role role, int32_t layer);

extern const Family kGemma3;
extern const Family kLlama;
extern const Family kMistral;
extern const Family kPhi3;
extern const Family kQwen2;
extern const Family kQwen3;
extern const Family kSmolLm3;

}  // namespace quanta::converter
