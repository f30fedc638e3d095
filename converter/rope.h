// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "converter/config.h"

namespace quanta::converter {

/// The rotation of a model's queries and keys, worked out.
struct RopeTable {
  std::vector<float> inv_freq;  ///< [dim / 2], radians per position
  float magnitude = 1;          ///< multiplies cos and sin
};

/// Computes the frequencies that transformers uses, in f32 as it does, for the rope
/// types default, linear, llama3 and yarn. Settings are read from `rope_parameters`
/// (transformers 5) or from `rope_theta` and `rope_scaling` (4); files that hold both
/// must mean the same.
///   dim:      rotated elements of a head, even
///   context:  max_position_embeddings
///   allowed:  keys to let pass, as for Config::RefuseUnread
/// Throws Error(kCorrupt, kUnsupported) naming the setting.
/// Sources: Su et al. 2021 (RoFormer), eq. 15; Chen et al. 2023 (position
/// interpolation); Dubey et al. 2024 (Llama 3); Peng et al. 2023 (YaRN), eq. 17-22.
RopeTable ReadRope(Config& config, uint32_t dim, uint32_t context,
                   std::span<const std::string> allowed);

}  // namespace quanta::converter
