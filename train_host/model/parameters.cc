// SPDX-License-Identifier: MIT
#include "train_host/model/parameters.h"

#include <algorithm>
#include <cmath>

#include "runtime/format/roles.h"
#include "train_host/math/random.h"

namespace quanta::train {

using format::Role;

namespace {
constexpr size_t kAlign = 16;  // elements: a cache line of floats
}

ParameterLayout::ParameterLayout(const ModelShape& shape) {
  embedding_ = Add(Role::kEmbedding, -1, shape.vocab, shape.hidden, true);
  for (uint32_t layer = 0; layer < shape.layers; ++layer) {
    AddLayer(shape, static_cast<int32_t>(layer));
  }
  final_norm_ = Add(Role::kFinalNorm, -1, 1, shape.hidden, true);
  head_ = shape.tied ? embedding_ : Add(Role::kHead, -1, shape.vocab, shape.hidden, true);
  size_ = (size_ + kAlign - 1) / kAlign * kAlign;
}

size_t ParameterLayout::Add(Role role, int32_t layer, uint32_t rows, uint32_t columns,
                            bool aligned) {
  if (aligned) size_ = (size_ + kAlign - 1) / kAlign * kAlign;
  parameters_.push_back({role, layer, !format::IsVectorRole(role), rows, columns, size_});
  size_ += parameters_.back().count();
  return parameters_.back().offset;
}

void ParameterLayout::AddLayer(const ModelShape& shape, int32_t layer) {
  const uint32_t d = shape.hidden, q = shape.heads * shape.head_dim,
                 kv = shape.kv_heads * shape.head_dim;
  Layer at = {};
  at.attention_norm = Add(Role::kAttentionNorm, layer, 1, d, true);
  at.qkv = Add(Role::kQ, layer, q, d, true);
  Add(Role::kK, layer, kv, d, false);
  Add(Role::kV, layer, kv, d, false);
  if (shape.qkv_bias) {
    at.qkv_bias = Add(Role::kQBias, layer, 1, q, true);
    Add(Role::kKBias, layer, 1, kv, false);
    Add(Role::kVBias, layer, 1, kv, false);
  }
  if (shape.qk_norm) {
    at.q_norm = Add(Role::kQNorm, layer, 1, shape.head_dim, true);
    at.k_norm = Add(Role::kKNorm, layer, 1, shape.head_dim, true);
  }
  at.o = Add(Role::kO, layer, d, q, true);
  at.ffn_norm = Add(Role::kFfnNorm, layer, 1, d, true);
  at.gate_up = Add(Role::kGate, layer, shape.ffn, d, true);
  Add(Role::kUp, layer, shape.ffn, d, false);
  at.down = Add(Role::kDown, layer, d, shape.ffn, true);
  layers_.push_back(at);
}

size_t ParameterLayout::count() const {
  size_t sum = 0;
  for (const Parameter& parameter : parameters_) sum += parameter.count();
  return sum;
}

void Initialize(const ParameterLayout& layout, const ModelShape& shape, double deviation,
                uint64_t seed, float* weights) {
  std::fill_n(weights, layout.size(), 0.0f);
  const double narrow = deviation / std::sqrt(2.0 * shape.layers);
  uint64_t purpose = 0;
  for (const Parameter& parameter : layout.parameters()) {
    float* w = weights + parameter.offset;
    const uint64_t its_seed = Seed(seed, ++purpose);
    if (!parameter.matrix) {
      const bool gain = parameter.role != Role::kQBias && parameter.role != Role::kKBias &&
                        parameter.role != Role::kVBias;
      std::fill_n(w, parameter.count(), gain ? 1.0f : 0.0f);
      continue;
    }
    const bool to_stream = parameter.role == Role::kO || parameter.role == Role::kDown;
    const double its_deviation = to_stream ? narrow : deviation;
    for (size_t i = 0; i < parameter.count(); ++i) {
      w[i] = static_cast<float>(its_deviation * Normal(its_seed, i));
    }
  }
}

}  // namespace quanta::train
