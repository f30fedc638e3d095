// SPDX-License-Identifier: MIT
//
// LlamaForCausalLM: RMS norms before each block, rotary embedding, grouped queries,
// gated feed-forward. Touvron et al. 2023; Dubey et al. 2024.
#include "converter/error.h"
#include "converter/families/common.h"

namespace quanta::converter {
namespace {

OptionalRoles Configure(const FamilyInput& input, Checkpoint* checkpoint) {
  Config& config = input.config;
  ReadSizes(input, {}, checkpoint);
  ReadOneRope(input, 10000, false, checkpoint);
  // Cuts the products into slices that are added up: the same numbers.
  if (config.Has("pretraining_tp")) config.Count("pretraining_tp", 1u << 16);
  // A marker that files converted from the first releases carry.
  config.Require("is_llama_config", true);
  const auto types = ReadLayerTypes(config, checkpoint->architecture.layers.size());
  for (const bool slides : types.value_or(std::vector<bool>())) {
    if (slides)
      config.Refuse(Code::kUnsupported, "layer_types", "has kinds other than full_attention");
  }

  OptionalRoles roles{.model = ReadHead(config, false)};
  if (config.Bool("attention_bias", false)) roles.layer |= kAttentionBiases;
  if (config.Bool("mlp_bias", false)) roles.layer |= kMlpBiases;
  return roles;
}

void Describe(const format::Architecture& architecture, const OptionalRoles& roles, Json* config) {
  if (OneWindow(architecture) != 0) CannotExpress("sliding windows");
  (*config)["attention_bias"] = DescribeBiases(roles, kAttentionBiases, "biases of attention");
  (*config)["mlp_bias"] = DescribeBiases(roles, kMlpBiases, "biases of the feed-forward block");
}

}  // namespace

const Family kLlama = {
    .name = "llama",
    .version = {1, 1, 0},
    .architecture = "LlamaForCausalLM",
    .model_type = "llama",
    .tensors = LlamaNames(),
    .configure = Configure,
    .describe = Describe,
};

}  // namespace quanta::converter
