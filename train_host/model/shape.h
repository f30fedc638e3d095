// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>

namespace quanta::train {

/// What a model is: a pre-norm decoder with RMS norms, rotary positions, grouped queries and a
/// gated feed-forward block.
struct ModelShape {
  uint32_t vocab = 0;
  uint32_t layers = 0;
  uint32_t hidden = 0;
  uint32_t heads = 0;
  uint32_t kv_heads = 0;
  uint32_t head_dim = 0;  ///< even
  uint32_t ffn = 0;
  uint32_t context = 0;  ///< positions
  double rope_theta = 10000;
  double norm_eps = 1e-5;
  bool tied = true;       ///< the head is the embedding
  bool qkv_bias = false;  ///< as Qwen 2 has them
  bool qk_norm = false;   ///< as Qwen 3 has them; not with qkv_bias

  size_t attention_width() const { return size_t{heads} * head_dim; }
  size_t qkv_width() const { return (size_t{heads} + 2 * size_t{kv_heads}) * head_dim; }
  friend bool operator==(const ModelShape&, const ModelShape&) = default;
};

}  // namespace quanta::train
