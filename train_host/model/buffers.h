// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "runtime/kernels/kernels.h"
#include "runtime/platform/platform.h"
#include "train_host/layers/attention.h"
#include "train_host/model/shape.h"

namespace quanta::train {

/// Rows that a thread takes through the layers at a time: what it works on stays in its cache,
/// and a product of so many rows is still worth the BLAS's preparations.
inline constexpr size_t kRowBlock = 256;

/// All memory of a pass but weights and gradients: one block, planned once.
/// N = tokens of a batch; d = hidden, S = qkv_width, W = attention_width, F = ffn.
template <class T>
struct Buffers {
  /// What a layer keeps for the way back.
  struct Layer {
    T* inverse_attention;  ///< [N], of its norms
    T* inverse_ffn;        ///< [N]
    T* qkv;                ///< [N, S], rotated
    T* raw_qk;             ///< [N, (heads + kv_heads) * head_dim] before q/k norms; or null
    T* inverse_qk;         ///< [N, heads + kv_heads]; or null
    T* attention;          ///< [N, W]
    T* log_sums;           ///< [N, heads]
    T* middle;             ///< [N, d]: the stream between the blocks
    T* gate_up;            ///< [N, 2 F]; on the way back its gradient
  };
  /// What a thread works in.
  struct Worker {
    T* wide;               ///< [kRowBlock, max(d, W)]
    T* narrow;             ///< [kRowBlock, d]
    T* ffn;                ///< [kRowBlock, F]
    T* scores;             ///< [2, kQueryTile, length]
    std::byte* quantized;  ///< a row of int8
  };

  /// Throws converter::Error(kOutOfMemory).
  Buffers(const ModelShape& shape, size_t rows, size_t length, int workers);

  std::vector<Layer> layers;
  std::vector<Worker> worker;
  std::vector<T*> stream;  ///< [layers + 1] of [N, d]: what enters each layer, and what leaves
  T* inverse_final;        ///< [N]
  T* cosine;               ///< [length, head_dim / 2]
  T* sine;                 ///< likewise
  T* logits;               ///< [head_rows, vocab]
  T* head_input;           ///< [head_rows, d]
  T* dstream;              ///< [N, d]
  T* dbranch;              ///< [N, d]
  T* dqkv;                 ///< [N, S]
  T* dattention;           ///< [N, W]
  T* input;                ///< [N, max(d, W)]: of the products whose weights' gradient is next
  T* input_attention;      ///< [N, W] where it is quantized, else null
  T* activated;            ///< [N, F]
  T* partial;              ///< [blocks, partial_width]: sums of row blocks
  double* losses;          ///< [N]
  size_t head_rows;        ///< rows whose logits exist at a time
  size_t partial_width;
  size_t bytes = 0;

 private:
  platform::PageBlock block_;
};

extern template struct Buffers<float>;
extern template struct Buffers<double>;

}  // namespace quanta::train
