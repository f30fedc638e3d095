// SPDX-License-Identifier: MIT
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "converter/config.h"
#include "converter/gguf/architectures.h"

/// How GGUF files say that a model's rotation is stretched, and config.json's rope_scaling.
namespace quanta::converter {

/// Numbers that a GGUF file keeps in tensors of their own: one for each frequency.
inline constexpr const char* kRopeFreqs = "rope_freqs.weight";
inline constexpr const char* kRopeLong = "rope_factors_long.weight";
inline constexpr const char* kRopeShort = "rope_factors_short.weight";

/// A tensor of such numbers; empty: the file has none of that name.
using FindFactors = std::function<std::vector<float>(std::string_view name)>;

/// Reads `rope.scaling.*` of `gguf` (the settings of an architecture) and the factors, and
/// sets rope_scaling, partial_rotary_factor and what belongs to them in `config`, whose sizes
/// are there. Factors that are those of Llama 3's rule become that rule; others a longrope
/// whose lists are equal, which is how transformers is told frequencies one by one.
/// `notes`: what became of them, a sentence.
/// Throws Error(kCorrupt, kUnsupported) naming the setting.
void ReadGgufRotation(const GgufArchitecture& architecture, Config& gguf,
                      const FindFactors& factors, Json* config, std::vector<std::string>* notes);

/// The way back. The settings come without the architecture's name before them.
struct GgufRotation {
  std::vector<std::pair<std::string, Json>> settings;  ///< strings, whole numbers, floats
  std::vector<std::pair<std::string, std::vector<float>>> tensors;
};
/// `config`: a config.json in the words of DescribeConfig; rope_theta stays in it, the rest
/// about the rotation is taken out. `head_dim`: elements of a head.
/// Throws Error(kUnsupported) for what the architecture has no place for.
GgufRotation DescribeGgufRotation(const GgufArchitecture& architecture, uint32_t head_dim,
                                  Json* config);

}  // namespace quanta::converter
