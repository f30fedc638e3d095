// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "converter/families/family.h"

/// How GGUF files describe the models that our families know: one table for both ways, in
/// and out. Everything is said in the words of config.json and of Hugging Face's tensors, so
/// that a family is described once.
namespace quanta::converter {

/// A setting under "ARCHITECTURE." in GGUF, and what config.json calls it.
struct GgufKey {
  enum class Kind : uint8_t { kCount, kNumber };
  std::string_view gguf, config;
  Kind kind = Kind::kCount;
  bool required = false;
  double fallback = 0;  ///< that llama.cpp assumes; 0: the setting is then absent
};

/// An architecture of llama.cpp for a family of ours.
struct GgufArchitecture {
  std::string_view name;                ///< general.architecture
  std::string_view family;              ///< a Family's name
  std::span<const TensorName> tensors;  ///< of a layer's: what follows "blk.N."
  format::RoleSet roles = 0;            ///< that llama.cpp has a place for
  std::span<const GgufKey> keys = {};   ///< its own, beside GgufCommonKeys()
  std::string_view activation_key = "hidden_act", activation = "silu";
  bool interleaved = false;        ///< rows of q and k lie as pairs that turn together
  bool whole_gains = false;        ///< norms' gains are not stored less 1
  bool frequency_factors = false;  ///< has a place for rope_freqs.weight
  bool long_factors = false;       ///< and for rope_factors_long and _short
  bool windows_computed = false;   ///< llama.cpp obeys attention.sliding_window
  /// Completes a config.json with what files of this architecture imply. May be null.
  void (*complete)(Json* config) = nullptr;
  /// The way back: puts what a family describes otherwise into the words of `keys`, and
  /// takes out what is implied. Throws Error(kUnsupported) for what cannot be expressed.
  void (*reduce)(Json* config) = nullptr;
};

std::span<const GgufArchitecture> GgufArchitectures();
/// The settings that all have.
std::span<const GgufKey> GgufCommonKeys();

/// The name of a tensor in GGUF; empty: the architecture has no place for it.
std::string GgufName(const GgufArchitecture& architecture, format::Role role, int32_t layer);

/// What a GGUF name stands for.
struct GgufTensorPlace {
  format::Role role;
  int32_t layer;
};
/// False: not a tensor of this architecture.
bool FindGgufTensor(const GgufArchitecture& architecture, std::string_view name,
                    GgufTensorPlace* place);

}  // namespace quanta::converter
