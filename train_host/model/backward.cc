// SPDX-License-Identifier: MIT
#include <initializer_list>

#include "train_host/layers/bias.h"
#include "train_host/layers/embedding.h"
#include "train_host/layers/linear.h"
#include "train_host/layers/norm.h"
#include "train_host/layers/residual.h"
#include "train_host/layers/swiglu.h"
#include "train_host/model/passes.h"

namespace quanta::train {
namespace {

/// Elements of a weight's gradient that are one tile's.
constexpr size_t kGradientTile = size_t{1} << 16;
constexpr size_t kLeastTileRows = 32;
/// Columns of the embedding's gradient that are one tile's.
constexpr size_t kEmbeddingColumns = 64;

size_t TileRows(size_t in) {
  return std::max(kLeastTileRows, kGradientTile / in / kLeastTileRows * kLeastTileRows);
}

}  // namespace

template <class T>
void Transformer<T>::Passes::Backward(const T* weights, const Batch& batch,
                                      const PassOptions& options, T* gradient) {
  const size_t n = batch.tokens(), d = shape.hidden, w = shape.attention_width();
  const size_t blocks = (n + kRowBlock - 1) / kRowBlock, s = shape.qkv_width();
  for (size_t layer = shape.layers; layer-- > 0;) {
    const auto& at = layout.layer(layer);
    const Layer& kept = buffers.layers[layer];
    ForRows(0, n, [&](const Rows& rows) { FeedForwardBack(weights, options, layer, rows); });
    AddPartials(blocks, 0, d, gradient + at.ffn_norm);
    AddWeightGradients(
        {{kept.gate_up, 2 * size_t{shape.ffn}, buffers.input, d, gradient + at.gate_up},
         {buffers.dbranch, d, buffers.activated, shape.ffn, gradient + at.down}},
        n);
    ForRows(0, n, [&](const Rows& rows) { AttentionOutputBack(weights, options, layer, rows); });
    AttentionBack(batch, layer);
    ForRows(0, n, [&](const Rows& rows) { AttentionInputBack(weights, batch, layer, rows); });
    AddPartials(blocks, 0, d, gradient + at.attention_norm);
    const T* attention = quantization.layers ? buffers.input_attention : kept.attention;
    AddWeightGradients({{buffers.dqkv, s, buffers.input, d, gradient + at.qkv},
                        {buffers.dbranch, d, attention, w, gradient + at.o}},
                       n);
    if (shape.qkv_bias) AddPartials(blocks, d, s, gradient + at.qkv_bias);
    if (shape.qk_norm) {
      AddPartials(blocks, d, shape.head_dim, gradient + at.q_norm);
      AddPartials(blocks, d + shape.head_dim, shape.head_dim, gradient + at.k_norm);
    }
  }
  const size_t tiles = (d + kEmbeddingColumns - 1) / kEmbeddingColumns;
  ParallelFor(ThreadPool::Process(), tiles, threads_, [&](size_t tile, int) {
    const size_t begin = tile * kEmbeddingColumns;
    EmbeddingBackward(EmbeddingTask<T>{gradient + layout.embedding(), batch.ids.data(), n, d,
                                       buffers.dstream, begin,
                                       std::min(d, begin + kEmbeddingColumns)});
  });
}

template <class T>
void Transformer<T>::Passes::FeedForwardBack(const T* weights, const PassOptions& options,
                                             size_t layer, const Rows& rows) {
  const auto& at = layout.layer(layer);
  const Layer& kept = buffers.layers[layer];
  const size_t d = shape.hidden, f = shape.ffn, count = rows.count, first = rows.begin * d;
  T* dbranch = buffers.dbranch + first;
  T* dstream = buffers.dstream + first;
  T* gate_up = kept.gate_up + rows.begin * 2 * f;
  T* activated = buffers.activated + rows.begin * f;
  T* x = buffers.input + first;

  ResidualBackward(ResidualTask<T>{dstream, nullptr, dbranch, count * d, options.dropout,
                                   DropoutSeed(options, layer, 1), first});
  LinearBackward(LinearTask<T>{count, f, d, dbranch, weights + at.down, rows.worker.ffn});
  SwigluForward(SwigluTask<T>{gate_up, count, f, activated});
  QuantizeInput(quantization.layers, activated, count, f, rows.worker.quantized, activated);
  SwigluBackward(SwigluBackTask<T>{gate_up, rows.worker.ffn, count, f});

  NormedInput({kept.middle + first, weights + at.ffn_norm, kept.inverse_ffn + rows.begin, x},
              quantization.layers, rows);
  LinearBackward(LinearTask<T>{count, d, 2 * f, gate_up, weights + at.gate_up, rows.worker.narrow});
  NormBackward(NormBackTask<T>{kept.middle + first, weights + at.ffn_norm,
                               kept.inverse_ffn + rows.begin, rows.worker.narrow, count, d, dstream,
                               true, Partial(rows, d)});
}

template <class T>
void Transformer<T>::Passes::AttentionOutputBack(const T* weights, const PassOptions& options,
                                                 size_t layer, const Rows& rows) {
  const auto& at = layout.layer(layer);
  const Layer& kept = buffers.layers[layer];
  const size_t d = shape.hidden, w = shape.attention_width(), first = rows.begin * d;
  T* dbranch = buffers.dbranch + first;
  ResidualBackward(ResidualTask<T>{buffers.dstream + first, nullptr, dbranch, rows.count * d,
                                   options.dropout, DropoutSeed(options, layer, 0), first});
  QuantizeInput(quantization.layers, kept.attention + rows.begin * w, rows.count, w,
                rows.worker.quantized, buffers.input_attention + rows.begin * w);
  LinearBackward(LinearTask<T>{rows.count, w, d, dbranch, weights + at.o,
                               buffers.dattention + rows.begin * w});
}

template <class T>
void Transformer<T>::Passes::AttentionBack(const Batch& batch, size_t layer) {
  const Layer& kept = buffers.layers[layer];
  const AttentionShape its = {batch.length, shape.heads, shape.kv_heads, shape.head_dim,
                              shape.qkv_width()};
  ParallelFor(
      ThreadPool::Process(), batch.rows * shape.kv_heads, threads_, [&](size_t tile, int worker) {
        const size_t row = tile / shape.kv_heads, first = row * batch.length;
        const size_t w = shape.attention_width();
        AttentionBackward(AttentionBackTask<T>{
            its, tile % shape.kv_heads, batch.SegmentsOf(row), scale_,
            kept.qkv + first * its.stride, kept.attention + first * w,
            kept.log_sums + first * shape.heads, buffers.dattention + first * w,
            buffers.dqkv + first * its.stride, buffers.worker[static_cast<size_t>(worker)].scores});
      });
}

template <class T>
void Transformer<T>::Passes::AttentionInputBack(const T* weights, const Batch& batch, size_t layer,
                                                const Rows& rows) {
  const auto& at = layout.layer(layer);
  const Layer& kept = buffers.layers[layer];
  const size_t d = shape.hidden, s = shape.qkv_width(), first = rows.begin * d;
  T* dqkv = buffers.dqkv + rows.begin * s;
  T* x = buffers.input + first;
  T* partial = Partial(rows, buffers.partial_width);
  Rotate(batch, buffers.dqkv, rows, true);
  if (shape.qk_norm) NormHeadsBack(weights, layer, rows);
  if (shape.qkv_bias) BiasBackward(BiasTask<T>{dqkv, rows.count, s, s, partial + d});

  NormedInput({buffers.stream[layer] + first, weights + at.attention_norm,
               kept.inverse_attention + rows.begin, x},
              quantization.layers, rows);
  LinearBackward(LinearTask<T>{rows.count, d, s, dqkv, weights + at.qkv, rows.worker.narrow});
  NormBackward(NormBackTask<T>{buffers.stream[layer] + first, weights + at.attention_norm,
                               kept.inverse_attention + rows.begin, rows.worker.narrow, rows.count,
                               d, buffers.dstream + first, true, partial});
}

template <class T>
void Transformer<T>::Passes::NormHeadsBack(const T* weights, size_t layer, const Rows& rows) {
  const auto& at = layout.layer(layer);
  const Layer& kept = buffers.layers[layer];
  const size_t heads = shape.heads, kv = shape.kv_heads, d = shape.head_dim;
  T* dgain = buffers.partial + rows.block * buffers.partial_width + shape.hidden;
  for (size_t t = rows.begin; t < rows.begin + rows.count; ++t) {
    T* dqk = buffers.dqkv + t * shape.qkv_width();
    const T* raw = kept.raw_qk + t * (heads + kv) * d;
    const T* inverse = kept.inverse_qk + t * (heads + kv);
    NormBackward(
        NormBackTask<T>{raw, weights + at.q_norm, inverse, dqk, heads, d, dqk, false, dgain});
    NormBackward(NormBackTask<T>{raw + heads * d, weights + at.k_norm, inverse + heads,
                                 dqk + heads * d, kv, d, dqk + heads * d, false, dgain + d});
  }
}

template <class T>
T* Transformer<T>::Passes::Partial(const Rows& rows, size_t width) {
  T* partial = buffers.partial + rows.block * buffers.partial_width;
  std::fill_n(partial, width, T{0});
  return partial;
}

template <class T>
void Transformer<T>::Passes::AddPartials(size_t blocks, size_t from, size_t width, T* to) {
  for (size_t block = 0; block < blocks; ++block) {
    const T* partial = buffers.partial + block * buffers.partial_width + from;
    for (size_t i = 0; i < width; ++i) to[i] += partial[i];
  }
}

template <class T>
void Transformer<T>::Passes::AddWeightGradients(std::initializer_list<WeightGradient> all,
                                                size_t n) {
  size_t tiles = 0;
  for (const WeightGradient& one : all)
    tiles += (one.out + TileRows(one.in) - 1) / TileRows(one.in);
  ParallelFor(ThreadPool::Process(), tiles, threads_, [&](size_t tile, int) {
    for (const WeightGradient& one : all) {
      const size_t height = TileRows(one.in), its = (one.out + height - 1) / height;
      if (tile >= its) {
        tile -= its;
        continue;
      }
      const size_t begin = tile * height;
      MultiplyTransposed<T>({.m = std::min(height, one.out - begin),
                             .n = one.in,
                             .k = n,
                             .a = one.dy + begin,
                             .a_stride = one.out,
                             .b = one.x,
                             .b_stride = one.in,
                             .c = one.dw + begin * one.in,
                             .c_stride = one.in,
                             .beta = 1});
      return;
    }
  });
}

template class Transformer<float>::Passes;
template class Transformer<double>::Passes;

}  // namespace quanta::train
