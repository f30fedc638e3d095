// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>

#include "converter/config.h"
#include "runtime/format/model_view.h"

namespace quanta::convert {

/// Bounds on what a config.json may claim, so that sums and products of them cannot
/// overflow and nothing huge is allocated for a claim.
inline constexpr uint32_t kMaxLayers = 4096;
inline constexpr uint32_t kMaxHeads = 4096;
inline constexpr uint32_t kMaxHeadDim = 4096;
inline constexpr uint32_t kMaxWidth = 1u << 20;
inline constexpr uint32_t kMaxVocab = 1u << 24;
inline constexpr uint32_t kMaxContextLength = 1u << 30;

/// Marks as read the settings that any family's config.json may have and that do not
/// change a forward pass: who saved it, how it is trained, how text is generated.
void IgnoreHarmlessSettings(Config& config);

/// Refuses those that would: settings of other kinds of model, which must be absent
/// or off.
void RequireOffSettings(Config& config);

/// The `hidden_act` of a feed-forward block.
format::Activation ReadActivation(Config& config, std::string_view key);

}  // namespace quanta::convert
