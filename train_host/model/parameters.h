// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "runtime/format/model_view.h"
#include "train_host/model/shape.h"

namespace quanta::train {

/// A tensor of the model: `rows * columns` numbers from `offset` on.
struct Parameter {
  format::Role role;
  int32_t layer;  ///< -1: of the model
  bool matrix;    ///< decays, and can be quantized; else a vector
  uint32_t rows, columns;
  size_t offset;

  size_t count() const { return size_t{rows} * columns; }
};

/// Where a model's numbers lie in one flat array: weights, gradients and the optimizer's moments
/// all have this layout. q, k and v of a layer follow one another, as do gate and up, so that
/// each is one product.
class ParameterLayout {
 public:
  explicit ParameterLayout(const ModelShape& shape);

  /// Offsets of a layer's tensors; those that the model does not have are 0.
  struct Layer {
    size_t attention_norm, qkv, qkv_bias, q_norm, k_norm, o, ffn_norm, gate_up, down;
  };

  const std::vector<Parameter>& parameters() const { return parameters_; }
  const Layer& layer(size_t index) const { return layers_[index]; }
  size_t embedding() const { return embedding_; }
  size_t final_norm() const { return final_norm_; }
  size_t head() const { return head_; }  ///< the embedding's where they are tied
  size_t size() const { return size_; }  ///< elements of the flat array, gaps included
  size_t count() const;                  ///< parameters: without gaps

 private:
  /// Gaps make the next tensor begin at a cache line.
  size_t Add(format::Role role, int32_t layer, uint32_t rows, uint32_t columns, bool aligned);
  void AddLayer(const ModelShape& shape, int32_t layer);

  std::vector<Parameter> parameters_;
  std::vector<Layer> layers_;
  size_t embedding_ = 0, final_norm_ = 0, head_ = 0, size_ = 0;
};

/// First weights: normal numbers of deviation `deviation`, those of matrices that write to the
/// stream (o, down) over sqrt(2 * layers), gains 1, biases 0; gaps 0.
/// Source: Radford et al. 2019, section 2.3.
void Initialize(const ParameterLayout& layout, const ModelShape& shape, double deviation,
                uint64_t seed, float* weights);

}  // namespace quanta::train
