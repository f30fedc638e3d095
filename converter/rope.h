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
  std::vector<float> inv_freq;  ///< [rotated elements / 2], radians per position
  float magnitude = 1;          ///< multiplies cos and sin
  Json rule = {};               ///< the settings, as transformers 5's rope_parameters has them
  /// Positions from here on would turn otherwise; 0: there are none.
  uint32_t context_limit = 0;
};

/// What the settings do not say.
struct RopeDefaults {
  uint32_t head_dim = 0;  ///< elements of a head, even
  uint32_t context = 0;   ///< max_position_embeddings
  double theta = 10000;
  bool partial = false;  ///< the family honours partial_rotary_factor
};

/// Computes the frequencies that transformers uses, in f32 as it does, for the rope
/// types default, linear, llama3, yarn and longrope (the latter up to the context that it
/// was stretched from, where its frequencies are fixed). Settings are read from
/// `rope_parameters` (transformers 5) or from `rope_theta` and `rope_scaling` (4); files
/// that hold both must mean the same.
///   allowed:  keys to let pass, as for Config::RefuseUnread
/// Throws Error(kCorrupt, kUnsupported) naming the setting.
/// Sources: Su et al. 2021 (RoFormer), eq. 15; Chen et al. 2023 (position
/// interpolation); Dubey et al. 2024 (Llama 3); Peng et al. 2023 (YaRN), eq. 17-22;
/// Ding et al. 2024 (LongRoPE).
RopeTable ReadRope(Config& config, const RopeDefaults& defaults,
                   std::span<const std::string> allowed);

/// [dim / 2]: those of the rope type default.
std::vector<float> PlainFrequencies(double theta, uint32_t dim);

/// ReadRope from the settings alone, an object of rope_parameters; `outer` is where old
/// files keep some of them.
RopeTable MakeRope(Config& settings, Config& outer, const RopeDefaults& defaults,
                   std::span<const std::string> allowed);

}  // namespace quanta::converter
