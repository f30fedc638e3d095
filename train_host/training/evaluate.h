// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <string>

#include "train_host/data/packing.h"
#include "train_host/model/transformer.h"
#include "train_host/parallel/communicator.h"

namespace quanta::train {

/// How well a model predicts documents.
struct Evaluation {
  double loss = 0;  ///< mean over `targets` of -log p, natural
  uint64_t targets = 0;
  double perplexity = 0;
};

/// Reads up to `batches` batches (0: all) of the file in its order. The processes share them, and
/// have the same result.
Evaluation Evaluate(Transformer<float>& model, const float* weights, const TokenFile& file,
                    const BatchReader::Options& options, uint64_t batches, Communicator& processes);

struct SampleOptions {
  uint32_t tokens = 64;
  double temperature = 0;  ///< 0: the likeliest
  uint64_t seed = 0;
};

/// What the model writes behind `prompt`, up to the end token or to `length` tokens in all.
/// `model` is for batches of at least 1 row of `length`.
std::string Sample(Transformer<float>& model, const float* weights, const TrainTokenizer& tokenizer,
                   const std::string& prompt, size_t length, uint32_t vocab,
                   const SampleOptions& options);

}  // namespace quanta::train
