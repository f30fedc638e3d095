// SPDX-License-Identifier: MIT
//
// Gemma3ForCausalLM, the text model: norms before and after each block, their gains stored
// less 1; normed queries and keys; layers that see a window and rotate faster between some
// that see all; a scaled embedding. Gemma team 2025.
#include <cmath>

#include "converter/error.h"
#include "converter/families/common.h"
#include "runtime/format/limits.h"

namespace quanta::converter {
namespace {

using format::Role;

constexpr double kGlobalTheta = 1'000'000, kLocalTheta = 10'000;

constexpr TensorName kNames[] = {
    {Role::kEmbedding, "model.embed_tokens.weight"},
    {Role::kAttentionNorm, "input_layernorm.weight"},
    {Role::kQ, "self_attn.q_proj.weight"},
    {Role::kQBias, "self_attn.q_proj.bias"},
    {Role::kK, "self_attn.k_proj.weight"},
    {Role::kKBias, "self_attn.k_proj.bias"},
    {Role::kV, "self_attn.v_proj.weight"},
    {Role::kVBias, "self_attn.v_proj.bias"},
    {Role::kQNorm, "self_attn.q_norm.weight"},
    {Role::kKNorm, "self_attn.k_norm.weight"},
    {Role::kO, "self_attn.o_proj.weight"},
    {Role::kOBias, "self_attn.o_proj.bias"},
    {Role::kAttentionPostNorm, "post_attention_layernorm.weight"},
    {Role::kFfnNorm, "pre_feedforward_layernorm.weight"},
    {Role::kGate, "mlp.gate_proj.weight"},
    {Role::kUp, "mlp.up_proj.weight"},
    {Role::kDown, "mlp.down_proj.weight"},
    {Role::kFfnPostNorm, "post_feedforward_layernorm.weight"},
    {Role::kFinalNorm, "model.norm.weight"},
    {Role::kHead, "lm_head.weight"},
};

/// Which layers see a window only: listed, else all but every `sliding_window_pattern`-th.
std::vector<bool> ReadSliding(Config& config, size_t layers) {
  const uint32_t newer = config.Count("_sliding_window_pattern", format::kMaxLayers, 6);
  const uint32_t pattern = config.Count("sliding_window_pattern", format::kMaxLayers, newer);
  if (auto types = ReadLayerTypes(config, layers)) return *std::move(types);
  std::vector<bool> slides;
  for (size_t i = 0; i < layers; ++i) slides.push_back((i + 1) % pattern != 0);
  return slides;
}

struct Ropes {
  RopeTable global, local;
};

/// transformers 5: rope_parameters by kind of layer. 4: rope_theta and rope_scaling for the
/// global layers, rope_local_base_freq for the others, which are never scaled.
Ropes ReadRopes(const FamilyInput& input, const format::Architecture& a) {
  Config& config = input.config;
  RopeDefaults global{a.head_dim, a.context, kGlobalTheta};
  RopeDefaults local{a.head_dim, a.context, kLocalTheta};
  const Json* fresh = config.Find("rope_parameters");
  const bool by_kind = fresh != nullptr && fresh->is_object() && fresh->contains("full_attention");
  if (!by_kind) {
    local.theta = config.Number("rope_local_base_freq", kLocalTheta);
    Config none(Json::object(), config.place());
    Config plain(Json::object(), config.place());
    return {ReadRope(config, global, input.allowed_keys),
            MakeRope(plain, none, local, input.allowed_keys)};
  }
  Config kinds = config.Object("rope_parameters");
  Config full = kinds.Object("full_attention"), sliding = kinds.Object("sliding_attention");
  Config none(Json::object(), config.place());
  Ropes ropes{MakeRope(full, none, global, input.allowed_keys),
              MakeRope(sliding, none, local, input.allowed_keys)};
  kinds.RefuseUnread(input.allowed_keys);
  return ropes;
}

float ReadSoftcap(Config& config, std::string_view key) {
  if (!config.Has(key)) return 0;
  const double cap = config.Number(key);
  if (!(cap > 0)) config.Refuse(Code::kCorrupt, key, Format("must be positive, not %g", cap));
  return static_cast<float>(cap);
}

OptionalRoles Configure(const FamilyInput& input, Checkpoint* checkpoint) {
  Config& config = input.config;
  ReadSizes(input,
            {.kv_heads = 4,
             .head_dim = 256,
             .context = 131072,
             .activation_key = "hidden_activation",
             .activation = "gelu_pytorch_tanh"},
            checkpoint);
  format::Architecture& a = checkpoint->architecture;
  a.norm_placement = format::NormPlacement::kSandwich;
  a.embedding_scale = std::sqrt(static_cast<float>(a.hidden));
  const double scalar = config.Number("query_pre_attn_scalar", 256);
  if (!(scalar > 0)) config.Refuse(Code::kCorrupt, "query_pre_attn_scalar", "must be positive");
  a.attention_scale = static_cast<float>(1 / std::sqrt(scalar));
  a.attention_softcap = ReadSoftcap(config, "attn_logit_softcapping");
  a.logit_softcap = ReadSoftcap(config, "final_logit_softcapping");

  const std::vector<bool> slides = ReadSliding(config, a.layers.size());
  SetWindows(slides, config.Count("sliding_window", format::kMaxContext, 4096), checkpoint);
  Ropes ropes = ReadRopes(input, a);
  const int32_t global = AddRope(std::move(ropes.global), 2, checkpoint);
  const int32_t local = AddRope(std::move(ropes.local), 2, checkpoint);
  for (size_t i = 0; i < a.layers.size(); ++i) a.layers[i].rope = slides[i] ? local : global;
  // Says how a model is used, not what it computes.
  const std::string_view harmless[] = {"hidden_act", "cache_implementation"};
  config.Ignore(harmless);

  OptionalRoles roles{.model = ReadHead(config, true), .layer = kHeadNorms};
  if (config.Bool("attention_bias", false)) roles.layer |= kAttentionBiases;
  return roles;
}

void Describe(const format::Architecture& a, const OptionalRoles& roles, Json* config) {
  (*config)["hidden_activation"] = (*config)["hidden_act"];
  config->erase("hidden_act");
  const double scalar = Shortest(1 / (double{a.attention_scale} * a.attention_scale), 1e-6);
  // transformers 5 takes a whole number only.
  (*config)["query_pre_attn_scalar"] =
      scalar == std::floor(scalar) ? Json(static_cast<uint64_t>(scalar)) : Json(scalar);
  const auto softcap = [](float cap) { return cap > 0 ? Json(Shortest(cap, 1e-8)) : Json(); };
  (*config)["attn_logit_softcapping"] = softcap(a.attention_softcap);
  (*config)["final_logit_softcapping"] = softcap(a.logit_softcap);
  const uint32_t window = DescribeWindows(a, config);
  if (window == 0) CannotExpress("layers none of which slides");
  (*config)["sliding_window"] = window;
  if (a.ropes.size() != 2) CannotExpress("other than two rotations");
  const Json local = ParseJson(a.ropes[1].rule, "the model's rotation");
  if (local["rope_type"] != "default") CannotExpress("a scaled rotation of layers that slide");
  (*config)["rope_local_base_freq"] = local["rope_theta"];
  (*config)["attention_bias"] = DescribeBiases(roles, kAttentionBiases, "biases of attention");
}

}  // namespace

const Family kGemma3 = {
    .name = "gemma3",
    .version = {1, 0, 0},
    .architecture = "Gemma3ForCausalLM",
    .model_type = "gemma3_text",
    .tensors = kNames,
    .unit_offset = true,
    .configure = Configure,
    .describe = Describe,
};

}  // namespace quanta::converter
