// SPDX-License-Identifier: MIT
#include "train_host/model/buffers.h"

#include <algorithm>
#include <utility>

#include "converter/error.h"

namespace quanta::train {
namespace {

/// Logits that exist at a time.
constexpr size_t kLogits = size_t{4} << 20;
constexpr size_t kMostHeadRows = 1024;

/// Hands out pieces of a block; without a block it only counts.
class Planner {
 public:
  explicit Planner(std::byte* base) : base_(base) {}

  template <class U>
  void Take(U** out, size_t count) {
    *out = base_ == nullptr ? nullptr : reinterpret_cast<U*>(base_ + used_);
    used_ += (count * sizeof(U) + 63) / 64 * 64;
  }
  size_t used() const { return used_; }

 private:
  std::byte* base_;
  size_t used_ = 0;
};

template <class T>
void PlanLayers(const ModelShape& shape, size_t n, Buffers<T>* b, Planner* planner) {
  const size_t qk = size_t{shape.heads} + shape.kv_heads;
  for (auto& layer : b->layers) {
    planner->Take(&layer.inverse_attention, n);
    planner->Take(&layer.inverse_ffn, n);
    planner->Take(&layer.qkv, n * shape.qkv_width());
    planner->Take(&layer.raw_qk, shape.qk_norm ? n * qk * shape.head_dim : 0);
    planner->Take(&layer.inverse_qk, shape.qk_norm ? n * qk : 0);
    planner->Take(&layer.attention, n * shape.attention_width());
    planner->Take(&layer.log_sums, n * shape.heads);
    planner->Take(&layer.middle, n * shape.hidden);
    planner->Take(&layer.gate_up, n * 2 * shape.ffn);
  }
  for (T*& stream : b->stream) planner->Take(&stream, n * shape.hidden);
}

template <class T>
void PlanShared(const ModelShape& shape, size_t n, size_t length, Buffers<T>* b, Planner* planner) {
  const size_t d = shape.hidden, widest = std::max(d, shape.attention_width());
  planner->Take(&b->inverse_final, n);
  planner->Take(&b->cosine, length * shape.head_dim / 2);
  planner->Take(&b->sine, length * shape.head_dim / 2);
  planner->Take(&b->logits, b->head_rows * shape.vocab);
  planner->Take(&b->head_input, b->head_rows * d);
  planner->Take(&b->dstream, n * d);
  planner->Take(&b->dbranch, n * d);
  planner->Take(&b->dqkv, n * shape.qkv_width());
  planner->Take(&b->dattention, n * shape.attention_width());
  planner->Take(&b->input, n * widest);
  planner->Take(&b->input_attention, n * shape.attention_width());
  planner->Take(&b->activated, n * shape.ffn);
  planner->Take(&b->partial, (n + kRowBlock - 1) / kRowBlock * b->partial_width);
  planner->Take(&b->losses, n);
  for (auto& worker : b->worker) {
    planner->Take(&worker.wide, kRowBlock * widest);
    planner->Take(&worker.narrow, kRowBlock * d);
    planner->Take(&worker.ffn, kRowBlock * shape.ffn);
    planner->Take(&worker.scores, 2 * kQueryTile * length);
    planner->Take(&worker.quantized, kernels::QuantizedBytes(std::max<size_t>(widest, shape.ffn)));
  }
}

}  // namespace

template <class T>
Buffers<T>::Buffers(const ModelShape& shape, size_t rows, size_t length, int workers)
    : layers(shape.layers), worker(static_cast<size_t>(workers)), stream(shape.layers + 1) {
  const size_t n = rows * length;
  head_rows =
      std::clamp<size_t>(kLogits / shape.vocab / kRowBlock * kRowBlock, kRowBlock, kMostHeadRows);
  head_rows = std::min(head_rows, n);
  partial_width = shape.hidden + std::max(shape.qkv_width(), 2 * size_t{shape.head_dim});
  Planner count(nullptr);
  PlanLayers(shape, n, this, &count);
  PlanShared(shape, n, length, this, &count);
  bytes = count.used();
  ErrorDetail detail;
  block_ = converter::Value(platform::PageBlock::Create(bytes, &detail, platform::Pages::kLarge),
                            detail);
  Planner planner(block_.bytes().data());
  PlanLayers(shape, n, this, &planner);
  PlanShared(shape, n, length, this, &planner);
}

template struct Buffers<float>;
template struct Buffers<double>;

}  // namespace quanta::train
