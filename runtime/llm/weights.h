// SPDX-License-Identifier: MIT
#pragma once

#include "quanta/status.h"
#include "runtime/core/array.h"
#include "runtime/format/reader.h"
#include "runtime/kernels/kernels.h"

/// A file's tensors sorted into the places where the forward pass reads them, so
/// that nothing is looked up after a model is open. Pointers go into the file.
namespace quanta::llm {

struct NormWeights {
  const float* gain = nullptr;  ///< [d]; null: this norm does not exist here
  const float* bias = nullptr;  ///< [d] or null
};

struct Linear {
  kernels::Weights w;
  const float* bias = nullptr;  ///< [w.n] or null
};

/// The norms around a block f of a layer, those that its placement has:
///   x = after(x + inside(f(before(x))))
struct BlockNorms {
  NormWeights before, inside, after;
};

struct LayerWeights {
  BlockNorms attention;
  Linear q, k, v, o;
  NormWeights q_norm, k_norm;  ///< [head_dim], shared by the heads
  BlockNorms ffn;
  Linear gate, up, down;
};

struct ModelWeights {
  kernels::Weights embedding;
  kernels::Weights position;  ///< data null: none
  Array<LayerWeights> layers;
  NormWeights final_norm;
  Linear head;  ///< its matrix is the embedding's where the two are tied
};

/// Sorts the tensors of a file that format::Read accepted.
/// Errors: kOutOfMemory; kUnsupported (`table` lacks a kernel, a vector is not f32).
Status BindWeights(const format::File& file, const kernels::KernelTable& table,
                   ModelWeights* weights, ErrorDetail* detail);

/// Bytes of a matrix.
uint64_t MatrixBytes(const kernels::Weights& w);

/// Bytes of the longest row that a product of this model reads as int8; 0 if none does.
size_t LargestQuantizedInput(const ModelWeights& weights);

}  // namespace quanta::llm
