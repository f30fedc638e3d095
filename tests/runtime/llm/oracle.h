// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "tests/runtime/llm/tiny_model.h"

namespace quanta::testing {

/// The logits [tokens, vocab] of a whole prompt: plain loops in double precision, no
/// cache, written from the definitions in model.fbs and not from the decoder.
/// `half_cache`: keys and values are rounded to half precision.
std::vector<double> OracleLogits(const TinyModel& model, std::span<const int32_t> tokens,
                                 bool half_cache = false);

}  // namespace quanta::testing
