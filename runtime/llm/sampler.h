// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <span>

#include "quanta/session.h"
#include "quanta/status.h"

namespace quanta::llm {

/// SplitMix64 (Steele, Lea & Flood 2014): the same numbers on every platform.
class Random {
 public:
  explicit Random(uint64_t seed = 0) : state_(seed) {}
  uint64_t Next();
  double Uniform();  ///< in [0, 1), 53 bits

 private:
  uint64_t state_;
};

/// A token that may be chosen. `value` is a logit first and a weight later.
struct Candidate {
  float value;
  int32_t id;
};

/// Errors: kInvalidArgument, as Session::Sample says.
Status CheckSampling(const SamplingOptions& options, uint32_t vocab, ErrorDetail* detail);

/// Chooses an id for `logits` [vocab]; `options` as CheckSampling accepts them.
/// `history`: all tokens before. `scratch`: [vocab], left undefined.
///
/// The choice depends on the logits, the options, the history and the random
/// state alone; sums run in an order that they fix, in double precision.
/// NaN counts as "never". Errors: kInvalidArgument if nothing can be chosen.
/// Cost: O(vocab) where a filter or greediness helps, never a full sort of the
/// vocabulary unless the filters keep most of it.
Result<int32_t> ChooseToken(std::span<const float> logits, const SamplingOptions& options,
                            std::span<const int32_t> history, std::span<Candidate> scratch,
                            Random* random, ErrorDetail* detail);

}  // namespace quanta::llm
