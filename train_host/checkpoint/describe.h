// SPDX-License-Identifier: MIT
#pragma once

#include <memory>

#include "converter/checkpoint.h"
#include "train_host/model/parameters.h"
#include "train_host/model/shape.h"

namespace quanta::train {

/// The model as the converter's writers take it: of the family whose class has its parts (Llama;
/// Qwen 2 with biases, Qwen 3 with q/k norms), its tensors read from `weights`, which must
/// outlive it.
std::unique_ptr<converter::Checkpoint> DescribeModel(const ModelShape& shape,
                                                     const ParameterLayout& layout,
                                                     const float* weights);

/// Its class as config.json's model_type has it: "llama", "qwen2", "qwen3".
const char* ModelTypeOf(const ModelShape& shape);

/// The shape of a checkpoint that any of the converter's readers opened.
/// Throws converter::Error(kUnsupported) naming what the trainer does not have.
ModelShape ShapeOf(const converter::Checkpoint& checkpoint);

/// Its weights in `layout`'s order. Throws converter::Error.
void ReadWeights(const converter::Checkpoint& checkpoint, const ParameterLayout& layout,
                 float* weights);

}  // namespace quanta::train
