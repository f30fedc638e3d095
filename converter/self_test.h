// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "runtime/format/model_view.h"

namespace quanta::converter {

/// A model's answer to a fixed prompt, stored in it so that any machine can check that
/// it computes the same.
struct SelfTestRecord {
  std::string prompt;
  std::vector<int32_t> ids;       ///< what the tokenizer makes of it
  std::vector<int32_t> expected;  ///< the greedy continuation
  std::vector<float> margins;     ///< first minus second logit at each step
  float tolerance = 0;

  /// Borrows from this object.
  format::SelfTest View() const;
};

/// How far logits may differ between machines, for a model with such tensors.
float SelfTestTolerance(std::span<const format::Panel> panels);

/// Runs the model file at `path` on this machine's fastest kernels.
/// `has_tokenizer`: whether the prompt can be a text.
/// Throws Error: whatever opening and running it gives, and kInternal for a model that
/// computes no finite numbers.
SelfTestRecord RecordSelfTest(const std::string& path, bool has_tokenizer, float tolerance);

}  // namespace quanta::converter
