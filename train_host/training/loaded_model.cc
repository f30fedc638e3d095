// SPDX-License-Identifier: MIT
#include "train_host/training/loaded_model.h"

#include <algorithm>

#include "converter/error.h"
#include "converter/readers/reader.h"
#include "converter/schemes.h"
#include "runtime/core/thread_pool.h"
#include "train_host/checkpoint/describe.h"

namespace quanta::train {

LoadedModel::LoadedModel(const std::string& path, size_t rows, size_t length, const QatConfig& qat,
                         int threads) {
  const auto checkpoint = converter::OpenCheckpoint(path, {});
  shape_ = ShapeOf(*checkpoint);
  length_ = length == 0 ? shape_.context : std::min<size_t>(length, shape_.context);
  tokenizer_ = std::make_unique<TrainTokenizer>(path, "");
  const int team =
      ThreadPool::Process().Reserve(threads != 0 ? threads : ThreadPool::UsableCores());
  model_ = std::make_unique<Transformer<float>>(shape_, rows, length_, team, InputQuantization());
  weights_.resize(model_->layout().size());
  ReadWeights(*checkpoint, model_->layout(), weights_.data());
  effective_ = weights_.data();
  if (!qat.scheme) return;
  quantized_.emplace(shape_, model_->layout(), qat, weights_.data());
  model_->QuantizeInputs(quantized_->inputs());
  effective_ = quantized_->Make(weights_.data(), team);
}

QatConfig ParseQat(const std::string& scheme, const std::string& embed) {
  QatConfig qat;
  if (scheme.empty()) return qat;
  qat.scheme = static_cast<kernels::Panel>(converter::ParseScheme(scheme, "--qat"));
  if (!kernels::ReadsQuantized(*qat.scheme)) {
    throw converter::Error(Code::kInvalidArgument, "", "unknown --qat " + scheme, "use q4 or q8");
  }
  qat.embed = embed.empty()
                  ? *qat.scheme
                  : static_cast<kernels::Panel>(converter::ParseScheme(embed, "--qat-embed"));
  return qat;
}

}  // namespace quanta::train
