// SPDX-License-Identifier: MIT
//
// Phi3ForCausalLM (Phi-3, Phi-3.5, Phi-4-mini): a Llama that keeps queries, keys and
// values in one tensor, gate and up in another. Abdin et al. 2024.
#include "converter/families/common.h"
#include "runtime/format/limits.h"

namespace quanta::converter {
namespace {

using format::Role;

constexpr TensorName kNames[] = {
    {Role::kEmbedding, "model.embed_tokens.weight"},
    {Role::kAttentionNorm, "input_layernorm.weight"},
    {Role::kQ, "self_attn.qkv_proj.weight"},
    {Role::kK, "self_attn.qkv_proj.weight"},
    {Role::kV, "self_attn.qkv_proj.weight"},
    {Role::kO, "self_attn.o_proj.weight"},
    {Role::kFfnNorm, "post_attention_layernorm.weight"},
    {Role::kGate, "mlp.gate_up_proj.weight"},
    {Role::kUp, "mlp.gate_up_proj.weight"},
    {Role::kDown, "mlp.down_proj.weight"},
    {Role::kFinalNorm, "model.norm.weight"},
    {Role::kHead, "lm_head.weight"},
};

OptionalRoles Configure(const FamilyInput& input, Checkpoint* checkpoint) {
  Config& config = input.config;
  ReadSizes(input, {.context = 4096, .eps = 1e-5, .activation = "silu"}, checkpoint);
  ReadOneRope(input, 10000, true, checkpoint);
  const std::string_view only_for_longrope[] = {"original_max_position_embeddings"};
  config.Ignore(only_for_longrope);
  config.Require("attention_bias", false);
  if (config.Has("sliding_window")) {
    const uint32_t window = config.Count("sliding_window", format::kMaxContext);
    SetWindows(std::vector<bool>(checkpoint->architecture.layers.size(), true), window, checkpoint);
  }
  return {.model = ReadHead(config, false)};
}

void Describe(const format::Architecture& architecture, const OptionalRoles&, Json* config) {
  config->erase("head_dim");  // hidden_size / num_attention_heads: checked by reading it again
  const uint32_t window = OneWindow(architecture);
  (*config)["sliding_window"] = window == 0 ? Json() : Json(window);
  // transformers looks for it outside, whatever the rotation.
  Json& scaling = (*config)["rope_scaling"];
  (*config)["original_max_position_embeddings"] =
      scaling.is_object() && scaling.contains("original_max_position_embeddings")
          ? scaling["original_max_position_embeddings"]
          : Json(architecture.context);
}

}  // namespace

const Family kPhi3 = {
    .name = "phi3",
    .version = {1, 0, 0},
    .architecture = "Phi3ForCausalLM",
    .model_type = "phi3",
    .tensors = kNames,
    .configure = Configure,
    .describe = Describe,
};

}  // namespace quanta::converter
