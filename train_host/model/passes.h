// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <type_traits>

#include "runtime/core/thread_pool.h"
#include "train_host/layers/norm.h"
#include "train_host/layers/quantized.h"
#include "train_host/math/products.h"
#include "train_host/model/buffers.h"
#include "train_host/model/transformer.h"

namespace quanta::train {

/// A Transformer's own: the way there in forward.cc, the loss in head.cc, the way back in
/// backward.cc. Each step is cut into row blocks, rows of attention or tiles of a weight's
/// gradient, and every tile writes its own part.
template <class T>
class Transformer<T>::Passes {
 public:
  Passes(const ModelShape& shape, size_t rows, size_t length, int threads,
         InputQuantization quantization);

  /// Fills the stream up to the last layer's output.
  void Forward(const T* weights, const Batch& batch, const PassOptions& options);
  /// The sum of the losses; with a gradient also the head's part of it and dstream.
  double Head(const T* weights, const Batch& batch, const PassOptions& options, T* gradient);
  void Logits(const T* weights, size_t rows, T* logits);
  /// From dstream to the embedding.
  void Backward(const T* weights, const Batch& batch, const PassOptions& options, T* gradient);

  const ModelShape shape;
  const ParameterLayout layout;
  Buffers<T> buffers;
  InputQuantization quantization;

 private:
  using Layer = typename Buffers<T>::Layer;
  using Worker = typename Buffers<T>::Worker;

  /// Rows [begin, begin + count) of the batch, their block's number, the thread's buffers.
  struct Rows {
    size_t begin, count, block;
    Worker& worker;
  };
  /// body(Rows) for all row blocks of [begin, end).
  template <class Body>
  void ForRows(size_t begin, size_t end, const Body& body) {
    const size_t blocks = (end - begin + kRowBlock - 1) / kRowBlock;
    ParallelFor(ThreadPool::Process(), blocks, threads_, [&](size_t tile, int worker) {
      const size_t first = begin + tile * kRowBlock;
      body(Rows{first, std::min(kRowBlock, end - first), tile,
                buffers.worker[static_cast<size_t>(worker)]});
    });
  }

  void BeforeAttention(const T* weights, const Batch& batch, size_t layer, const Rows& rows);
  void Attention(const Batch& batch, size_t layer);
  void AfterAttention(const T* weights, const PassOptions& options, size_t layer, const Rows& rows);
  void NormHeads(const T* weights, size_t layer, const Rows& rows);
  void Rotate(const Batch& batch, T* qkv, const Rows& rows, bool back);

  void FeedForwardBack(const T* weights, const PassOptions& options, size_t layer,
                       const Rows& rows);
  void AttentionOutputBack(const T* weights, const PassOptions& options, size_t layer,
                           const Rows& rows);
  void AttentionBack(const Batch& batch, size_t layer);
  void AttentionInputBack(const T* weights, const Batch& batch, size_t layer, const Rows& rows);
  void NormHeadsBack(const T* weights, size_t layer, const Rows& rows);

  /// dw [out, in] += dy [n, out] transposed times x [n, in], in tiles of rows of dw.
  struct WeightGradient {
    const T* dy;
    size_t out;
    const T* x;
    size_t in;
    T* dw;
  };
  void AddWeightGradients(std::initializer_list<WeightGradient> all, size_t n);
  /// The part of `partial` that a row block sums up in, zeroed.
  T* Partial(const Rows& rows, size_t width);
  /// to [i] += the sum over blocks of partial [from + i].
  void AddPartials(size_t blocks, size_t from, size_t width, T* to);

  /// Rows of width hidden: `to` = the norm of `from`, rounded as the device rounds activations
  /// where `quantized`.
  struct NormedRows {
    const T* from;
    const T* gain;
    T* inverse;
    T* to;
  };
  void NormedInput(const NormedRows& task, bool quantized, const Rows& rows) {
    NormForward(NormTask<T>{task.from, task.gain, static_cast<T>(shape.norm_eps), rows.count,
                            shape.hidden, task.to, task.inverse});
    QuantizeInput(quantized, task.to, rows.count, shape.hidden, rows.worker.quantized, task.to);
  }
  void QuantizeInput(bool wanted, const T* x, size_t rows, size_t k, std::byte* scratch, T* out) {
    if constexpr (std::is_same_v<T, float>) {
      if (wanted) QuantizeActivations(x, rows, k, scratch, out);
    }
  }
  uint64_t DropoutSeed(const PassOptions& options, size_t layer, size_t which) const;

  const int threads_;
  const T scale_;  ///< of attention
};

}  // namespace quanta::train
