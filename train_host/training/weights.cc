// SPDX-License-Identifier: MIT
#include "train_host/training/weights.h"

#include <algorithm>

#include "converter/error.h"
#include "converter/schemes.h"
#include "runtime/core/thread_pool.h"
#include "train_host/checkpoint/describe.h"
#include "train_host/layers/quantized.h"

namespace quanta::train {
namespace {

/// Rows that are quantized at a time: of a strip of the runtime's panels.
constexpr size_t kTileRows = 16;

format::Panel WantedFor(const QatConfig& qat, format::Role role) {
  const bool embedding = role == format::Role::kEmbedding;
  return static_cast<format::Panel>(embedding ? *qat.embed : *qat.scheme);
}

}  // namespace

QuantizedWeights::QuantizedWeights(const ModelShape& shape, const ParameterLayout& layout,
                                   const QatConfig& qat, const float* weights)
    : result_(layout.size()), scratch_(256) {
  const auto model = DescribeModel(shape, layout, weights);
  converter::Progress quiet(converter::Progress::Style::kNone, stderr, nullptr);
  size_t widest = 0;
  for (size_t i = 0; i < model->tensors.size(); ++i) {
    const converter::SourceTensor& tensor = model->tensors[i];
    const Parameter& parameter = layout.parameters()[i];
    plain_.push_back(&parameter);
    if (!tensor.matrix) continue;
    const format::Panel wanted = WantedFor(qat, tensor.role);
    const converter::Choice choice = converter::ChooseScheme(tensor, wanted, &quiet);
    if (!choice.note.empty()) notes_.push_back(choice.note);
    const auto panel = static_cast<kernels::Panel>(choice.panel);
    if (!kernels::ReadsQuantized(panel)) continue;
    plain_.pop_back();
    const bool head = tensor.role == format::Role::kHead ||
                      (tensor.role == format::Role::kEmbedding && shape.tied);
    (head ? inputs_.head : inputs_.layers) |= head || tensor.role != format::Role::kEmbedding;
    widest = std::max<size_t>(widest, tensor.columns);
    for (size_t row = 0; row < tensor.rows; row += kTileRows) {
      tiles_.push_back({&parameter, panel, row, std::min<size_t>(row + kTileRows, tensor.rows)});
    }
  }
  for (auto& scratch : scratch_) scratch.resize(widest);
}

const float* QuantizedWeights::Make(const float* weights, int threads) {
  for (const Parameter* parameter : plain_) {
    std::copy_n(weights + parameter->offset, parameter->count(),
                result_.data() + parameter->offset);
  }
  ParallelFor(ThreadPool::Process(), tiles_.size(), threads, [&](size_t index, int worker) {
    const Tile& tile = tiles_[index];
    QuantizeWeightRows(tile.panel, weights + tile.parameter->offset, tile.begin, tile.end,
                       tile.parameter->columns, scratch_[static_cast<size_t>(worker)].data(),
                       result_.data() + tile.parameter->offset);
  });
  return result_.data();
}

}  // namespace quanta::train
