// SPDX-License-Identifier: MIT
//
// Qwen3ForCausalLM: each head's queries and keys are normed before they rotate; a head's
// width is its own number. Yang et al. 2025.
#include "converter/families/common.h"

namespace quanta::converter {
namespace {

OptionalRoles Configure(const FamilyInput& input, Checkpoint* checkpoint) {
  Config& config = input.config;
  ReadSizes(input, {.kv_heads = 32, .head_dim = 128, .context = 32768}, checkpoint);
  ReadOneRope(input, 10000, false, checkpoint);
  ReadQwenWindow(config, checkpoint);
  OptionalRoles roles{.model = ReadHead(config, false), .layer = kHeadNorms};
  if (config.Bool("attention_bias", false)) roles.layer |= kAttentionBiases;
  return roles;
}

void Describe(const format::Architecture& architecture, const OptionalRoles& roles, Json* config) {
  DescribeSwitchedWindow(architecture, config);
  (*config)["attention_bias"] = DescribeBiases(roles, kAttentionBiases, "biases of attention");
}

}  // namespace

const Family kQwen3 = {
    .name = "qwen3",
    .version = {1, 0, 0},
    .architecture = "Qwen3ForCausalLM",
    .model_type = "qwen3",
    .tensors = LlamaNames(),
    .configure = Configure,
    .describe = Describe,
};

}  // namespace quanta::converter
