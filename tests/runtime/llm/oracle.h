// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "quanta/session.h"
#include "tests/runtime/llm/tiny_model.h"

namespace quanta::testing {

/// The logits [tokens, vocab] of a whole prompt: plain loops in double precision, no
/// cache, written from the definitions in model.fbs and not from the decoder.
/// Keys and values are rounded as a `cache` of that type does.
std::vector<double> OracleLogits(const TinyModel& model, std::span<const int32_t> tokens,
                                 KvType cache = KvType::kF32);

}  // namespace quanta::testing
