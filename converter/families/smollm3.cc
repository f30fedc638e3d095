// SPDX-License-Identifier: MIT
//
// SmolLM3ForCausalLM: a Llama some of whose layers do not rotate (NoPE). Bakouch et al.
// 2025; Yang et al. 2025 (RNoPE).
#include "converter/error.h"
#include "converter/families/common.h"
#include "runtime/format/limits.h"

namespace quanta::converter {
namespace {

/// For each layer whether it rotates: listed in `no_rope_layers` (where 1 means that it
/// does), else all but every `no_rope_layer_interval`-th.
std::vector<bool> ReadRotating(Config& config, size_t layers) {
  const uint32_t interval = config.Count("no_rope_layer_interval", format::kMaxLayers, 4);
  const Json* list = config.Find("no_rope_layers");
  std::vector<bool> rotates;
  if (list == nullptr) {
    for (size_t i = 0; i < layers; ++i) rotates.push_back((i + 1) % interval != 0);
    return rotates;
  }
  if (!list->is_array() || list->size() != layers) {
    config.Refuse(Code::kCorrupt, "no_rope_layers", Format("must have %zu entries", layers));
  }
  for (const Json& entry : *list) {
    if (entry != 0 && entry != 1) {
      config.Refuse(Code::kCorrupt, "no_rope_layers", "must hold ones and zeros");
    }
    rotates.push_back(entry == 1);
  }
  return rotates;
}

OptionalRoles Configure(const FamilyInput& input, Checkpoint* checkpoint) {
  Config& config = input.config;
  ReadSizes(input, {.kv_heads = 4, .context = 32768, .activation = "silu"}, checkpoint);
  ReadOneRope(input, 2'000'000, false, checkpoint);
  auto& layers = checkpoint->architecture.layers;
  std::vector<bool> rotates = ReadRotating(config, layers.size());
  for (size_t i = 0; i < layers.size(); ++i) {
    if (!rotates[i]) layers[i].rope = -1;
  }
  rotates.flip();  // the layers that do not rotate are those that slide
  ReadSwitchedWindow(config, rotates, checkpoint);

  // Cuts the products into slices that are added up: the same numbers.
  if (config.Has("pretraining_tp")) config.Count("pretraining_tp", 1u << 16);
  OptionalRoles roles{.model = ReadHead(config, true)};
  if (config.Bool("attention_bias", false)) roles.layer |= kAttentionBiases;
  if (config.Bool("mlp_bias", false)) roles.layer |= kMlpBiases;
  return roles;
}

void Describe(const format::Architecture& architecture, const OptionalRoles& roles, Json* config) {
  config->erase("head_dim");  // hidden_size / num_attention_heads: checked by reading it again
  Json rotates = Json::array();
  for (const format::Layer& layer : architecture.layers)
    rotates.push_back(layer.rope == -1 ? 0 : 1);
  (*config)["no_rope_layers"] = std::move(rotates);
  DescribeSwitchedWindow(architecture, config);
  (*config)["attention_bias"] = DescribeBiases(roles, kAttentionBiases, "biases of attention");
  (*config)["mlp_bias"] = DescribeBiases(roles, kMlpBiases, "biases of the feed-forward block");
}

}  // namespace

const Family kSmolLm3 = {
    .name = "smollm3",
    .version = {1, 0, 0},
    .architecture = "SmolLM3ForCausalLM",
    .model_type = "smollm3",
    .tensors = LlamaNames(),
    .configure = Configure,
    .describe = Describe,
};

}  // namespace quanta::converter
