// SPDX-License-Identifier: MIT
#include "train_host/layers/bias.h"
#include "train_host/layers/embedding.h"
#include "train_host/layers/linear.h"
#include "train_host/layers/norm.h"
#include "train_host/layers/residual.h"
#include "train_host/layers/rope.h"
#include "train_host/layers/swiglu.h"
#include "train_host/model/passes.h"

namespace quanta::train {

template <class T>
void Transformer<T>::Passes::Forward(const T* weights, const Batch& batch,
                                     const PassOptions& options) {
  const size_t n = batch.tokens(), d = shape.hidden;
  ForRows(0, n, [&](const Rows& rows) {
    EmbeddingForward(EmbeddingTask<T>{const_cast<T*>(weights) + layout.embedding(),
                                      batch.ids.data() + rows.begin, rows.count, d,
                                      buffers.stream[0] + rows.begin * d, 0, d});
    if (shape.layers > 0) BeforeAttention(weights, batch, 0, rows);
  });
  for (size_t layer = 0; layer < shape.layers; ++layer) {
    Attention(batch, layer);
    ForRows(0, n, [&](const Rows& rows) {
      AfterAttention(weights, options, layer, rows);
      if (layer + 1 < shape.layers) BeforeAttention(weights, batch, layer + 1, rows);
    });
  }
}

template <class T>
void Transformer<T>::Passes::BeforeAttention(const T* weights, const Batch& batch, size_t layer,
                                             const Rows& rows) {
  const auto& at = layout.layer(layer);
  const Layer& kept = buffers.layers[layer];
  const size_t d = shape.hidden, s = shape.qkv_width();
  T* x = rows.worker.narrow;
  T* qkv = kept.qkv + rows.begin * s;
  NormedInput({buffers.stream[layer] + rows.begin * d, weights + at.attention_norm,
               kept.inverse_attention + rows.begin, x},
              quantization.layers, rows);
  LinearForward(LinearTask<T>{rows.count, d, s, x, weights + at.qkv, qkv});
  if (shape.qkv_bias) {
    BiasForward(BiasTask<T>{qkv, rows.count, s, s, const_cast<T*>(weights) + at.qkv_bias});
  }
  if (shape.qk_norm) NormHeads(weights, layer, rows);
  Rotate(batch, kept.qkv, rows, false);
}

/// Queries and keys of each head are normed; what they were is kept.
template <class T>
void Transformer<T>::Passes::NormHeads(const T* weights, size_t layer, const Rows& rows) {
  const auto& at = layout.layer(layer);
  const Layer& kept = buffers.layers[layer];
  const size_t heads = shape.heads, kv = shape.kv_heads, d = shape.head_dim;
  const size_t width = (heads + kv) * d;
  const T eps = static_cast<T>(shape.norm_eps);
  for (size_t t = rows.begin; t < rows.begin + rows.count; ++t) {
    T* qk = kept.qkv + t * shape.qkv_width();
    T* raw = kept.raw_qk + t * width;
    T* inverse = kept.inverse_qk + t * (heads + kv);
    std::copy_n(qk, width, raw);
    NormForward(NormTask<T>{raw, weights + at.q_norm, eps, heads, d, qk, inverse});
    NormForward(NormTask<T>{raw + heads * d, weights + at.k_norm, eps, kv, d, qk + heads * d,
                            inverse + heads});
  }
}

template <class T>
void Transformer<T>::Passes::Rotate(const Batch& batch, T* qkv, const Rows& rows, bool back) {
  const RopeTask<T> task = {qkv + rows.begin * shape.qkv_width(),
                            shape.qkv_width(),
                            rows.count,
                            size_t{shape.heads} + shape.kv_heads,
                            shape.head_dim / 2,
                            buffers.cosine,
                            buffers.sine,
                            batch.positions.data() + rows.begin};
  back ? RopeBackward(task) : RopeForward(task);
}

template <class T>
void Transformer<T>::Passes::Attention(const Batch& batch, size_t layer) {
  const Layer& kept = buffers.layers[layer];
  const AttentionShape its = {batch.length, shape.heads, shape.kv_heads, shape.head_dim,
                              shape.qkv_width()};
  ParallelFor(
      ThreadPool::Process(), batch.rows * shape.kv_heads, threads_, [&](size_t tile, int worker) {
        const size_t row = tile / shape.kv_heads, first = row * batch.length;
        AttentionForward(AttentionTask<T>{its, tile % shape.kv_heads, batch.SegmentsOf(row), scale_,
                                          kept.qkv + first * its.stride,
                                          kept.attention + first * shape.attention_width(),
                                          kept.log_sums + first * shape.heads,
                                          buffers.worker[static_cast<size_t>(worker)].scores});
      });
}

template <class T>
void Transformer<T>::Passes::AfterAttention(const T* weights, const PassOptions& options,
                                            size_t layer, const Rows& rows) {
  const auto& at = layout.layer(layer);
  const Layer& kept = buffers.layers[layer];
  const size_t d = shape.hidden, w = shape.attention_width(), f = shape.ffn, count = rows.count;
  const size_t first = rows.begin * d;
  T* branch = rows.worker.narrow;
  T* middle = kept.middle + first;
  T* gate_up = kept.gate_up + rows.begin * 2 * f;

  const T* attention = kept.attention + rows.begin * w;
  QuantizeInput(quantization.layers, attention, count, w, rows.worker.quantized, rows.worker.wide);
  if (quantization.layers) attention = rows.worker.wide;
  LinearForward(LinearTask<T>{count, w, d, attention, weights + at.o, branch});
  ResidualForward(ResidualTask<T>{buffers.stream[layer] + first, branch, middle, count * d,
                                  options.dropout, DropoutSeed(options, layer, 0), first});

  T* x = rows.worker.wide;
  NormedInput({middle, weights + at.ffn_norm, kept.inverse_ffn + rows.begin, x},
              quantization.layers, rows);
  LinearForward(LinearTask<T>{count, d, 2 * f, x, weights + at.gate_up, gate_up});
  SwigluForward(SwigluTask<T>{gate_up, count, f, rows.worker.ffn});
  QuantizeInput(quantization.layers, rows.worker.ffn, count, f, rows.worker.quantized,
                rows.worker.ffn);
  LinearForward(LinearTask<T>{count, f, d, rows.worker.ffn, weights + at.down, branch});
  ResidualForward(ResidualTask<T>{middle, branch, buffers.stream[layer + 1] + first, count * d,
                                  options.dropout, DropoutSeed(options, layer, 1), first});
}

template class Transformer<float>::Passes;
template class Transformer<double>::Passes;

}  // namespace quanta::train
