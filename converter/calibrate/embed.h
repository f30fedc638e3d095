// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "converter/checkpoint.h"
#include "runtime/format/model_view.h"

namespace quanta::converter {

/// The hidden states [sequences, length, hidden] with which the sequences, of equal length,
/// enter the first layer, of tables as `panels` says that each tensor is stored (f16's rounding
/// left aside).
std::vector<float> Embed(const Checkpoint& checkpoint, std::span<const format::Panel> panels,
                         std::span<const std::vector<int32_t>> sequences);

}  // namespace quanta::converter
