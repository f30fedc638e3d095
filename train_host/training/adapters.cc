// SPDX-License-Identifier: MIT
#include "train_host/training/adapters.h"

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <set>
#include <span>

#include "converter/error.h"
#include "converter/families/family.h"
#include "runtime/core/thread_pool.h"
#include "train_host/checkpoint/describe.h"
#include "train_host/checkpoint/folder.h"
#include "train_host/data/fingerprint.h"
#include "train_host/math/products.h"
#include "train_host/math/random.h"

namespace quanta::train {

using converter::Json;

LoraAdapters::LoraAdapters(const ParameterLayout& layout, const LoraConfig& config,
                           const float* base)
    : layout_(layout),
      config_(config),
      scale_(static_cast<float>(config.alpha / config.rank)),
      base_(base, base + layout.size()) {
  for (const Parameter& parameter : layout.parameters()) {
    if (!parameter.matrix || parameter.layer < 0) continue;
    const size_t a = size_, b = a + size_t{config.rank} * parameter.columns;
    updates_.push_back({&parameter, a, b});
    size_ = b + size_t{config.rank} * parameter.rows;
  }
}

void LoraAdapters::Initialize(uint64_t seed, float* values) const {
  std::fill_n(values, size_, 0.0f);
  for (const Update& update : updates_) {
    const double deviation = 1 / std::sqrt(static_cast<double>(update.parameter->columns));
    for (size_t i = update.a; i < update.b; ++i) {
      values[i] = static_cast<float>(deviation * Normal(seed, i));
    }
  }
}

void LoraAdapters::Merge(const float* values, float* weights, int threads) const {
  std::copy(base_.begin(), base_.end(), weights);
  ParallelFor(ThreadPool::Process(), updates_.size(), threads, [&](size_t i, int) {
    const Update& update = updates_[i];
    const Parameter& p = *update.parameter;
    Multiply<float>({.m = p.rows,
                     .n = p.columns,
                     .k = config_.rank,
                     .a = values + update.b,
                     .a_stride = config_.rank,
                     .b = values + update.a,
                     .b_stride = p.columns,
                     .c = weights + p.offset,
                     .c_stride = p.columns,
                     .alpha = scale_,
                     .beta = 1});
  });
}

void LoraAdapters::Differentiate(const float* values, const float* weight_gradient, float* gradient,
                                 int threads) const {
  ParallelFor(ThreadPool::Process(), updates_.size(), threads, [&](size_t i, int) {
    const Update& update = updates_[i];
    const Parameter& p = *update.parameter;
    const float* dw = weight_gradient + p.offset;
    MultiplyTransposed<float>({.m = config_.rank,
                               .n = p.columns,
                               .k = p.rows,
                               .a = values + update.b,
                               .a_stride = config_.rank,
                               .b = dw,
                               .b_stride = p.columns,
                               .c = gradient + update.a,
                               .c_stride = p.columns,
                               .alpha = scale_});
    MultiplyByTransposed<float>({.m = p.rows,
                                 .n = config_.rank,
                                 .k = p.columns,
                                 .a = dw,
                                 .a_stride = p.columns,
                                 .b = values + update.a,
                                 .b_stride = p.columns,
                                 .c = gradient + update.b,
                                 .c_stride = config_.rank,
                                 .alpha = scale_});
  });
}

uint64_t LoraAdapters::fingerprint() const {
  Fingerprint print;
  print.Add(std::as_bytes(std::span(base_)));
  return print.value();
}

void LoraAdapters::Save(const ModelShape& shape, const float* values, const std::string& base_path,
                        const std::string& folder) const {
  const auto model = DescribeModel(shape, layout_, base_.data());
  const converter::Family* family = nullptr;
  for (const converter::Family* one : converter::Families().entries()) {
    if (one->name == model->family) family = one;
  }
  constexpr std::string_view kWeight = ".weight";
  std::vector<NamedArray> arrays;
  std::set<std::string> modules;
  for (const Update& update : updates_) {
    const Parameter& p = *update.parameter;
    std::string name = converter::FullName(*family, p.role, p.layer);
    name.resize(name.size() - kWeight.size());
    modules.insert(name.substr(name.rfind('.') + 1));
    name = "base_model.model." + name;
    const size_t a = size_t{config_.rank} * p.columns, b = size_t{config_.rank} * p.rows;
    arrays.push_back(
        {name + ".lora_A.weight", std::span(values + update.a, a), {config_.rank, p.columns}});
    arrays.push_back(
        {name + ".lora_B.weight", std::span(values + update.b, b), {p.rows, config_.rank}});
  }
  std::error_code error;
  std::filesystem::create_directory(folder, error);
  WriteArrays(arrays, folder + "/adapter_model.safetensors");
  const Json config = {{"peft_type", "LORA"},
                       {"task_type", "CAUSAL_LM"},
                       {"base_model_name_or_path", base_path},
                       {"r", config_.rank},
                       {"lora_alpha", config_.alpha},
                       {"lora_dropout", 0.0},
                       {"bias", "none"},
                       {"fan_in_fan_out", false},
                       {"inference_mode", true},
                       {"target_modules", modules}};
  WriteDurably(config.dump(2) + "\n", folder + "/adapter_config.json");
}

}  // namespace quanta::train
