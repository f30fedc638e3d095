// SPDX-License-Identifier: MIT
#pragma once

#include <optional>

#include "quanta/model.h"
#include "runtime/format/reader.h"
#include "runtime/kernels/kernels.h"
#include "runtime/llm/weights.h"
#include "runtime/platform/platform.h"

namespace quanta {

/// Lives on the heap and never moves: the tokenizer, the weights and the info
/// point into `file`, and `file` into the bytes.
struct Model::Impl {
  platform::MappedFile mapped;   ///< empty if the bytes are the caller's
  platform::PageBlock restored;  ///< what a compressed file became
  format::File file;
  const kernels::KernelTable* kernels = nullptr;
  llm::ModelWeights weights;
  std::optional<Tokenizer> tokenizer;
  ModelInfo info = {};

  const format::Architecture& architecture() const { return file.header.architecture; }

  /// Everything that follows once `file` is set. Errors: those of Model::Open.
  Status Finish(const kernels::KernelTable& table, ErrorDetail* detail);
  static Result<std::unique_ptr<Impl>> Create();
};

}  // namespace quanta
