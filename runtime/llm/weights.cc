// SPDX-License-Identifier: MIT
#include "runtime/llm/weights.h"

#include <algorithm>

namespace quanta::llm {
namespace {

using format::Role;
using format::Tensor;

static_assert(static_cast<int>(kernels::Panel::kQ4) == static_cast<int>(format::Panel::kQ4) &&
              kernels::kPanelKinds == format::kPanelKinds);

/// Where the matrix of this role goes; null if the role is a vector's.
kernels::Weights* MatrixSlot(Role role, ModelWeights& model, LayerWeights* layer) {
  switch (role) {
    case Role::kEmbedding:
      return &model.embedding;
    case Role::kPosition:
      return &model.position;
    case Role::kHead:
      return &model.head.w;
    case Role::kQ:
      return &layer->q.w;
    case Role::kK:
      return &layer->k.w;
    case Role::kV:
      return &layer->v.w;
    case Role::kO:
      return &layer->o.w;
    case Role::kGate:
      return &layer->gate.w;
    case Role::kUp:
      return &layer->up.w;
    case Role::kDown:
      return &layer->down.w;
    default:
      return nullptr;
  }
}

/// The post-norm of a block: on the sum (`post`), else on what the block adds.
NormWeights& PostNorm(BlockNorms& norms, bool post) { return post ? norms.after : norms.inside; }

/// Where the vector of this role goes; null if the role is a matrix's.
const float** VectorSlot(Role role, bool post, ModelWeights& model, LayerWeights* layer) {
  switch (role) {
    case Role::kHeadBias:
      return &model.head.bias;
    case Role::kFinalNorm:
      return &model.final_norm.gain;
    case Role::kFinalNormBias:
      return &model.final_norm.bias;
    case Role::kAttentionNorm:
      return &layer->attention.before.gain;
    case Role::kAttentionNormBias:
      return &layer->attention.before.bias;
    case Role::kQBias:
      return &layer->q.bias;
    case Role::kKBias:
      return &layer->k.bias;
    case Role::kVBias:
      return &layer->v.bias;
    case Role::kQNorm:
      return &layer->q_norm.gain;
    case Role::kKNorm:
      return &layer->k_norm.gain;
    case Role::kOBias:
      return &layer->o.bias;
    case Role::kAttentionPostNorm:
      return &PostNorm(layer->attention, post).gain;
    case Role::kAttentionPostNormBias:
      return &PostNorm(layer->attention, post).bias;
    case Role::kFfnNorm:
      return &layer->ffn.before.gain;
    case Role::kFfnNormBias:
      return &layer->ffn.before.bias;
    case Role::kGateBias:
      return &layer->gate.bias;
    case Role::kUpBias:
      return &layer->up.bias;
    case Role::kDownBias:
      return &layer->down.bias;
    case Role::kFfnPostNorm:
      return &PostNorm(layer->ffn, post).gain;
    case Role::kFfnPostNormBias:
      return &PostNorm(layer->ffn, post).bias;
    default:
      return nullptr;
  }
}

Status Unsupported(const Tensor& tensor, const char* what, ErrorDetail* detail) {
  return Fail(detail, Code::kUnsupported, what, "tensor %.*s is stored as %s: %s",
              static_cast<int>(tensor.name.size()), tensor.name.data(),
              format::PanelName(tensor.panel), what);
}

Status BindTensor(const format::File& file, const kernels::KernelTable& table, const Tensor& tensor,
                  ModelWeights* model, ErrorDetail* detail) {
  LayerWeights* layer =
      tensor.layer < 0 ? nullptr : &model->layers[static_cast<size_t>(tensor.layer)];
  const std::byte* data = file.data.data() + static_cast<size_t>(tensor.offset);

  const bool post = file.header.architecture.norm_placement == format::NormPlacement::kPost;
  if (const float** slot = VectorSlot(tensor.role, post, *model, layer); slot != nullptr) {
    if (tensor.panel != format::Panel::kF32) {
      return Unsupported(tensor, "vectors must be f32", detail);
    }
    *slot = reinterpret_cast<const float*>(data);
    return {};
  }

  kernels::Weights* slot = MatrixSlot(tensor.role, *model, layer);
  QUANTA_CHECK(slot != nullptr);
  const auto panel = static_cast<size_t>(tensor.panel);
  const bool looked_up = tensor.role == Role::kEmbedding || tensor.role == Role::kPosition;
  if (table.matmul[panel] == nullptr || (looked_up && table.gather[panel] == nullptr)) {
    return Unsupported(tensor, "this build has no kernel for it", detail);
  }
  *slot = {data, tensor.rows, tensor.columns, static_cast<kernels::Panel>(tensor.panel)};
  return {};
}

}  // namespace

Status BindWeights(const format::File& file, const kernels::KernelTable& table,
                   ModelWeights* weights, ErrorDetail* detail) {
  QUANTA_ASSIGN(weights->layers,
                Array<LayerWeights>::Create(file.header.architecture.layers.size()));
  for (const Tensor& tensor : file.header.tensors) {
    QUANTA_TRY(BindTensor(file, table, tensor, weights, detail));
  }
  if (weights->head.w.data == nullptr) weights->head.w = weights->embedding;
  return {};
}

uint64_t MatrixBytes(const kernels::Weights& w) {
  return format::PanelBytes(static_cast<format::Panel>(w.panel), w.n, w.k);
}

size_t LargestQuantizedInput(const ModelWeights& weights) {
  size_t largest = 0;
  const auto take = [&](const Linear& linear) {
    if (linear.w.data == nullptr || !kernels::ReadsQuantized(linear.w.panel)) return;
    largest = std::max(largest, kernels::QuantizedBytes(linear.w.k));
  };
  for (const LayerWeights& layer : weights.layers) {
    for (const Linear* linear :
         {&layer.q, &layer.k, &layer.v, &layer.o, &layer.gate, &layer.up, &layer.down}) {
      take(*linear);
    }
  }
  take(weights.head);
  return largest;
}

}  // namespace quanta::llm
