// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "runtime/kernels/kernels.h"
#include "train_host/config/train_config.h"
#include "train_host/model/parameters.h"
#include "train_host/model/transformer.h"

namespace quanta::train {

/// How the converter will store each of a model's matrices, and what the products then see.
class QuantizedWeights {
 public:
  /// `weights`: of the model, as they are now; the scheme depends on their shapes alone unless
  /// they are huge. Throws converter::Error(kCorrupt) for weights that are not numbers.
  QuantizedWeights(const ModelShape& shape, const ParameterLayout& layout, const QatConfig& qat,
                   const float* weights);

  /// Which inputs are rounded.
  InputQuantization inputs() const { return inputs_; }
  /// Matrices that stay as they are though a scheme was asked for, a sentence each.
  const std::vector<std::string>& notes() const { return notes_; }

  /// What the runtime's products make of `weights` [layout.size()]; valid until the next call.
  const float* Make(const float* weights, int threads);

 private:
  struct Tile {
    const Parameter* parameter;
    kernels::Panel panel;
    size_t begin, end;  ///< rows
  };
  InputQuantization inputs_;
  std::vector<std::string> notes_;
  std::vector<const Parameter*> plain_;
  std::vector<Tile> tiles_;
  std::vector<float> result_;
  std::vector<std::vector<int8_t>> scratch_;  ///< of each thread
};

}  // namespace quanta::train
