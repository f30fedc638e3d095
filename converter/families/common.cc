// SPDX-License-Identifier: MIT
#include "converter/families/common.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "converter/error.h"
#include "converter/families/settings.h"
#include "runtime/format/limits.h"

namespace quanta::converter {
namespace {

using format::Role;

/// Far above any model; keeps what is computed per claimed element small.
constexpr uint32_t kMaxHeadDim = 1u << 16;

uint32_t ReadHeadDim(Config& config, const Defaults& defaults, uint32_t hidden, uint32_t heads) {
  if (config.Has("head_dim") || defaults.head_dim != 0) {
    return config.Count("head_dim", kMaxHeadDim, defaults.head_dim);
  }
  if (hidden % heads != 0) {
    config.Refuse(Code::kCorrupt, "hidden_size",
                  Format("(%u) is not a multiple of num_attention_heads (%u), and head_dim is "
                         "not set",
                         hidden, heads));
  }
  return hidden / heads;
}

void CheckHeads(const Config& config, const format::Architecture& a) {
  if (a.heads % a.kv_heads != 0) {
    config.Refuse(Code::kCorrupt, "num_key_value_heads",
                  Format("(%u) does not divide num_attention_heads (%u)", a.kv_heads, a.heads));
  }
  if (a.head_dim % 2 != 0) {
    config.Refuse(Code::kUnsupported, "head_dim", "is odd: it cannot be rotated in pairs");
  }
  if (a.head_dim > kMaxHeadDim || a.head_dim > format::kMaxWidth / a.heads) {
    config.Refuse(
        Code::kCorrupt, "head_dim",
        Format("(%u) times num_attention_heads (%u) is beyond any model", a.head_dim, a.heads));
  }
}

float ReadEps(Config& config, double fallback) {
  const double eps = config.Number("rms_norm_eps", fallback);
  if (!(static_cast<float>(eps) > 0 && eps < 1)) {
    config.Refuse(Code::kCorrupt, "rms_norm_eps", Format("must be between 0 and 1, not %g", eps));
  }
  return static_cast<float>(eps);
}

constexpr TensorName kLlamaNames[] = {
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
    {Role::kFfnNorm, "post_attention_layernorm.weight"},
    {Role::kGate, "mlp.gate_proj.weight"},
    {Role::kGateBias, "mlp.gate_proj.bias"},
    {Role::kUp, "mlp.up_proj.weight"},
    {Role::kUpBias, "mlp.up_proj.bias"},
    {Role::kDown, "mlp.down_proj.weight"},
    {Role::kDownBias, "mlp.down_proj.bias"},
    {Role::kFinalNorm, "model.norm.weight"},
    {Role::kHead, "lm_head.weight"},
};

}  // namespace

std::span<const TensorName> LlamaNames() { return kLlamaNames; }

void ReadSizes(const FamilyInput& input, const Defaults& defaults, Checkpoint* checkpoint) {
  Config& config = input.config;
  format::Architecture& a = checkpoint->architecture;
  a.family = checkpoint->family;
  a.vocab = config.Count("vocab_size", format::kMaxVocab);
  a.hidden = config.Count("hidden_size", format::kMaxWidth);
  const uint32_t layers = config.Count("num_hidden_layers", format::kMaxLayers);
  a.heads = config.Count("num_attention_heads", format::kMaxWidth);
  a.kv_heads = config.Count("num_key_value_heads", format::kMaxWidth,
                            defaults.kv_heads != 0 ? defaults.kv_heads : a.heads);
  a.head_dim = ReadHeadDim(config, defaults, a.hidden, a.heads);
  CheckHeads(config, a);
  a.ffn = config.Count("intermediate_size", format::kMaxWidth);
  a.context = config.Count("max_position_embeddings", format::kMaxContext, defaults.context);
  a.norm_eps = ReadEps(config, defaults.eps);
  a.activation = ReadActivation(config, defaults.activation_key, defaults.activation);
  a.attention_scale = static_cast<float>(1 / std::sqrt(static_cast<double>(a.head_dim)));
  ErrorDetail none;
  a.layers = Value(Array<format::Layer>::Create(layers), none);
}

int32_t AddRope(RopeTable table, size_t total, Checkpoint* checkpoint) {
  format::Architecture& a = checkpoint->architecture;
  if (a.ropes.size() != total) {
    ErrorDetail none;
    a.ropes = Value(Array<format::Rope>::Create(total), none);
  }
  const size_t index = checkpoint->inv_freqs.size();
  checkpoint->inv_freqs.push_back(std::move(table.inv_freq));
  checkpoint->texts.push_back(table.rule.dump());
  a.ropes[index] = {checkpoint->inv_freqs.back(), table.magnitude, format::RopePairing::kHalf,
                    checkpoint->texts.back()};
  if (table.context_limit != 0 && table.context_limit < a.context) {
    checkpoint->notes.push_back(
        Format("the context is %u positions, not %u: beyond, every position would rotate "
               "otherwise, those in the cache too",
               table.context_limit, a.context));
    a.context = table.context_limit;
  }
  return static_cast<int32_t>(index);
}

void ReadOneRope(const FamilyInput& input, double theta, bool partial, Checkpoint* checkpoint) {
  const format::Architecture& a = checkpoint->architecture;
  const RopeDefaults defaults{a.head_dim, a.context, theta, partial};
  const int32_t rope = AddRope(ReadRope(input.config, defaults, input.allowed_keys), 1, checkpoint);
  for (format::Layer& layer : checkpoint->architecture.layers) layer.rope = rope;
}

std::optional<std::vector<bool>> ReadLayerTypes(Config& config, size_t layers) {
  const Json* types = config.Find("layer_types");
  if (types == nullptr) return std::nullopt;
  if (!types->is_array() || types->size() != layers) {
    config.Refuse(Code::kCorrupt, "layer_types",
                  Format("must name the kind of %zu layers", layers));
  }
  std::vector<bool> slides;
  for (const Json& type : *types) {
    if (type != "full_attention" && type != "sliding_attention") {
      config.Refuse(Code::kUnsupported, "layer_types",
                    "has kinds other than full_attention and sliding_attention");
    }
    slides.push_back(type == "sliding_attention");
  }
  return slides;
}

void SetWindows(const std::vector<bool>& slides, uint32_t window, Checkpoint* checkpoint) {
  auto& layers = checkpoint->architecture.layers;
  for (size_t i = 0; i < layers.size(); ++i) {
    if (slides[i]) layers[i].window = window;
  }
}

void ReadSwitchedWindow(Config& config, const std::vector<bool>& by_default,
                        Checkpoint* checkpoint) {
  const bool on = config.Bool("use_sliding_window", false);
  const uint32_t window =
      config.Has("sliding_window") ? config.Count("sliding_window", format::kMaxContext) : 0;
  const auto types = ReadLayerTypes(config, checkpoint->architecture.layers.size());
  if (types && (!on || window == 0) &&
      std::find(types->begin(), types->end(), true) != types->end()) {
    config.Refuse(Code::kUnsupported, "layer_types",
                  "has sliding_attention, but use_sliding_window or sliding_window is off");
  }
  if (on && window != 0) SetWindows(types ? *types : by_default, window, checkpoint);
}

void ReadQwenWindow(Config& config, Checkpoint* checkpoint) {
  const double from = config.Number("max_window_layers", 28);
  std::vector<bool> slides;
  for (size_t i = 0; i < checkpoint->architecture.layers.size(); ++i) {
    slides.push_back(static_cast<double>(i) >= from);
  }
  ReadSwitchedWindow(config, slides, checkpoint);
}

format::RoleSet ReadHead(Config& config, bool tied) {
  return config.Bool("tie_word_embeddings", tied) ? 0 : format::RoleBit(Role::kHead);
}

}  // namespace quanta::converter
