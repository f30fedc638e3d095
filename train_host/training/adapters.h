// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "train_host/config/train_config.h"
#include "train_host/model/parameters.h"

namespace quanta::train {

/// Low-rank updates of the matrices of all layers: W = base + alpha / rank * B A, with A [rank,
/// in] and B [out, rank], which alone are trained. Source: Hu et al. 2021, section 4.1.
class LoraAdapters {
 public:
  /// `base`: the model's weights, which stay as they are; copied.
  LoraAdapters(const ParameterLayout& layout, const LoraConfig& config, const float* base);

  size_t size() const { return size_; }  ///< of the flat array of all A and B
  /// A normal with deviation 1 / sqrt(in), B zeros: the model begins as its base.
  void Initialize(uint64_t seed, float* values) const;
  /// The model's weights with these updates.
  void Merge(const float* values, float* weights, int threads) const;
  /// `gradient` [size()]: that of the updates, from that of the weights.
  void Differentiate(const float* values, const float* weight_gradient, float* gradient,
                     int threads) const;
  /// Changes with the base.
  uint64_t fingerprint() const;

  /// Writes adapter_model.safetensors and adapter_config.json, as PEFT reads them, into a new
  /// folder. `base_path`: where the base is. Throws converter::Error.
  void Save(const ModelShape& shape, const float* values, const std::string& base_path,
            const std::string& folder) const;

 private:
  struct Update {
    const Parameter* parameter;
    size_t a, b;  ///< offsets
  };
  const ParameterLayout& layout_;
  const LoraConfig config_;
  const float scale_;
  std::vector<float> base_;
  std::vector<Update> updates_;
  size_t size_ = 0;
};

}  // namespace quanta::train
