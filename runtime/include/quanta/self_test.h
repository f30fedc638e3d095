// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>

#include "quanta/model.h"
#include "quanta/status.h"

namespace quanta {

struct SelfTestReport {
  uint32_t ids = 0;     ///< tokens of the prompt, all as they should be
  uint32_t steps = 0;   ///< greedy steps that the file states
  uint32_t judged = 0;  ///< of them, those that were compared, and were equal
};

/// Runs the test that the model's file carries, on this very machine: its tokenizer
/// must make the stated ids of the prompt, and greedy decoding the stated
/// continuation. A step whose stated margin is below the stated tolerance is not
/// judged, nor is any after it: another CPU may decide it differently.
///
/// `threads`: as SessionOptions. Memory: a session of the test's few tokens.
/// Errors: kNotFound (the file has none), kUnverified (the detail says where the
/// results differ), kOutOfMemory.
Result<SelfTestReport> RunSelfTest(const Model& model, int threads = 0,
                                   ErrorDetail* detail = nullptr);

}  // namespace quanta
