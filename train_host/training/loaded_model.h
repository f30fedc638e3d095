// SPDX-License-Identifier: MIT
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "train_host/data/tokenizer.h"
#include "train_host/model/transformer.h"
#include "train_host/training/weights.h"

namespace quanta::train {

/// A checkpoint that is only read: to evaluate it, to sample from it.
class LoadedModel {
 public:
  /// For batches of `rows` rows of up to `length` tokens; 0: the model's context. `qat`: compute
  /// as the runtime will with weights of this scheme. Throws converter::Error.
  LoadedModel(const std::string& checkpoint, size_t rows, size_t length, const QatConfig& qat,
              int threads);

  Transformer<float>& model() { return *model_; }
  const float* weights() const { return effective_; }
  const ModelShape& shape() const { return shape_; }
  const TrainTokenizer& tokenizer() const { return *tokenizer_; }
  size_t length() const { return length_; }

 private:
  ModelShape shape_;
  size_t length_;
  std::unique_ptr<TrainTokenizer> tokenizer_;
  std::unique_ptr<Transformer<float>> model_;
  std::vector<float> weights_;
  std::optional<QuantizedWeights> quantized_;
  const float* effective_;
};

/// "q4", "q8" or "" for the matrices, and the same for the embedding ("" = as they).
/// Throws converter::Error(kInvalidArgument).
QatConfig ParseQat(const std::string& scheme, const std::string& embed);

}  // namespace quanta::train
