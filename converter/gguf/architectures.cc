// SPDX-License-Identifier: MIT
#include "converter/gguf/architectures.h"

#include <algorithm>
#include <charconv>

#include "converter/error.h"
#include "converter/families/common.h"
#include "runtime/format/limits.h"

namespace quanta::converter {
namespace {

using format::Role;
using format::RoleBit;
using format::RoleSet;
using Kind = GgufKey::Kind;

constexpr TensorName kNames[] = {
    {Role::kEmbedding, "token_embd.weight"},
    {Role::kAttentionNorm, "attn_norm.weight"},
    {Role::kQ, "attn_q.weight"},
    {Role::kQBias, "attn_q.bias"},
    {Role::kK, "attn_k.weight"},
    {Role::kKBias, "attn_k.bias"},
    {Role::kV, "attn_v.weight"},
    {Role::kVBias, "attn_v.bias"},
    {Role::kQNorm, "attn_q_norm.weight"},
    {Role::kKNorm, "attn_k_norm.weight"},
    {Role::kO, "attn_output.weight"},
    {Role::kOBias, "attn_output.bias"},
    {Role::kAttentionPostNorm, "post_attention_norm.weight"},
    {Role::kFfnNorm, "ffn_norm.weight"},
    {Role::kGate, "ffn_gate.weight"},
    {Role::kGateBias, "ffn_gate.bias"},
    {Role::kUp, "ffn_up.weight"},
    {Role::kUpBias, "ffn_up.bias"},
    {Role::kDown, "ffn_down.weight"},
    {Role::kDownBias, "ffn_down.bias"},
    {Role::kFfnPostNorm, "post_ffw_norm.weight"},
    {Role::kFinalNorm, "output_norm.weight"},
    {Role::kHead, "output.weight"},
};

/// Phi-3's queries, keys and values lie in one tensor, its gate and up in another.
constexpr TensorName kFusedNames[] = {
    {Role::kEmbedding, "token_embd.weight"},
    {Role::kAttentionNorm, "attn_norm.weight"},
    {Role::kQ, "attn_qkv.weight"},
    {Role::kK, "attn_qkv.weight"},
    {Role::kV, "attn_qkv.weight"},
    {Role::kO, "attn_output.weight"},
    {Role::kFfnNorm, "ffn_norm.weight"},
    {Role::kGate, "ffn_up.weight"},
    {Role::kUp, "ffn_up.weight"},
    {Role::kDown, "ffn_down.weight"},
    {Role::kFinalNorm, "output_norm.weight"},
    {Role::kHead, "output.weight"},
};

constexpr RoleSet kPlain = RoleBit(Role::kEmbedding) | RoleBit(Role::kAttentionNorm) |
                           RoleBit(Role::kQ) | RoleBit(Role::kK) | RoleBit(Role::kV) |
                           RoleBit(Role::kO) | RoleBit(Role::kFfnNorm) | RoleBit(Role::kGate) |
                           RoleBit(Role::kUp) | RoleBit(Role::kDown) | RoleBit(Role::kFinalNorm) |
                           RoleBit(Role::kHead);
constexpr RoleSet kPostNorms = RoleBit(Role::kAttentionPostNorm) | RoleBit(Role::kFfnPostNorm);

constexpr GgufKey kCommon[] = {
    {"context_length", "max_position_embeddings", Kind::kCount, true},
    {"embedding_length", "hidden_size", Kind::kCount, true},
    {"block_count", "num_hidden_layers", Kind::kCount, true},
    {"feed_forward_length", "intermediate_size", Kind::kCount, true},
    {"attention.head_count", "num_attention_heads", Kind::kCount, true},
    {"attention.head_count_kv", "num_key_value_heads", Kind::kCount},
    {"attention.key_length", "head_dim", Kind::kCount},
    {"attention.layer_norm_rms_epsilon", "rms_norm_eps", Kind::kNumber, true},
    {"rope.freq_base", "rope_theta", Kind::kNumber, false, 10000},
    {"vocab_size", "vocab_size", Kind::kCount},
};

constexpr GgufKey kWindow[] = {{"attention.sliding_window", "sliding_window", Kind::kCount}};

constexpr GgufKey kGemma3Keys[] = {
    {"attention.sliding_window", "sliding_window", Kind::kCount, true},
    {"attention.sliding_window_pattern", "sliding_window_pattern", Kind::kCount, false, 6},
    {"rope.freq_base_swa", "rope_local_base_freq", Kind::kNumber, false, 10000},
    {"attn_logit_softcapping", "attn_logit_softcapping", Kind::kNumber},
    {"final_logit_softcapping", "final_logit_softcapping", Kind::kNumber},
};

/// Takes a setting out that must have this value, or be absent.
void Imply(Json* config, const char* key, const Json& value, std::string_view what) {
  const auto found = config->find(key);
  if (found == config->end()) return;
  if (*found != value) {
    throw Error(Code::kUnsupported, "",
                "a GGUF file of this family cannot express " + std::string(what),
                "leave the model in its own format");
  }
  config->erase(found);
}

/// Windows of Qwen's and SmolLM3's, which llama.cpp knows nothing of.
void ImplyNoWindow(Json* config) {
  Imply(config, "use_sliding_window", false, "sliding windows");
  config->erase("sliding_window");
  config->erase("layer_types");
}

constexpr uint32_t kNopeInterval = 4;  // as llama.cpp has it, whatever a file says

void CompleteSmolLm3(Json* config) { (*config)["no_rope_layer_interval"] = kNopeInterval; }

void ReduceSmolLm3(Json* config) {
  ImplyNoWindow(config);
  Json expected = Json::array();
  for (size_t i = 0; i < (*config)["no_rope_layers"].size(); ++i) {
    expected.push_back((i + 1) % kNopeInterval == 0 ? 0 : 1);
  }
  Imply(config, "no_rope_layers", expected, "that other layers than each fourth do not rotate");
}

/// llama.cpp scales by a head's width, but in the model of 62 layers by the heads' number.
Json Gemma3Scalar(const Json& config) {
  constexpr uint32_t kLayersOf27B = 62;
  if (config.value("num_hidden_layers", 0u) != kLayersOf27B) return config["head_dim"];
  const uint32_t heads = std::max(config["num_attention_heads"].get<uint32_t>(), 1u);
  return config["hidden_size"].get<uint32_t>() / heads;
}

void CompleteGemma3(Json* config) { (*config)["query_pre_attn_scalar"] = Gemma3Scalar(*config); }

void ReduceGemma3(Json* config) {
  const Json scalar = config->value("query_pre_attn_scalar", Json());
  if (!scalar.is_number() || scalar.get<double>() != Gemma3Scalar(*config).get<double>()) {
    Imply(config, "query_pre_attn_scalar", Json(), "this scale of attention");
  }
  config->erase("query_pre_attn_scalar");
  // The first period that gives these layers.
  const Json types = (*config)["layer_types"];
  const auto fits = [&](uint32_t period) {
    for (size_t i = 0; i < types.size(); ++i) {
      const bool slides = (i + 1) % period != 0;
      if (slides != (types[i] == "sliding_attention")) return false;
    }
    return true;
  };
  uint32_t period = 2;
  while (period <= types.size() + 1 && !fits(period)) ++period;
  if (!fits(period)) Imply(config, "layer_types", Json(), "layers that do not slide in a period");
  config->erase("layer_types");
  (*config)["sliding_window_pattern"] = period;
}

constexpr GgufArchitecture kArchitectures[] = {
    {.name = "llama",
     .family = "llama",
     .tensors = kNames,
     .roles = kPlain | kAttentionBiases | kMlpBiases,
     .interleaved = true,
     .frequency_factors = true,
     .long_factors = true},
    // Mistral is a Llama to llama.cpp; a window tells them apart.
    {.name = "llama",
     .family = "mistral",
     .tensors = kNames,
     .roles = kPlain,
     .keys = kWindow,
     .interleaved = true,
     .frequency_factors = true,
     .long_factors = true},
    {.name = "qwen2",
     .family = "qwen2",
     .tensors = kNames,
     .roles = kPlain | kQkvBiases,
     .reduce = ImplyNoWindow},
    {.name = "qwen3",
     .family = "qwen3",
     .tensors = kNames,
     .roles = kPlain | kHeadNorms,
     .reduce = ImplyNoWindow},
    {.name = "smollm3",
     .family = "smollm3",
     .tensors = kNames,
     .roles = kPlain | kAttentionBiases | kMlpBiases,
     .interleaved = true,
     .complete = CompleteSmolLm3,
     .reduce = ReduceSmolLm3},
    {.name = "phi3",
     .family = "phi3",
     .tensors = kFusedNames,
     .roles = kPlain,
     .keys = kWindow,
     .long_factors = true},
    {.name = "gemma3",
     .family = "gemma3",
     .tensors = kNames,
     .roles = kPlain | kHeadNorms | kPostNorms,
     .keys = kGemma3Keys,
     .activation_key = "hidden_activation",
     .activation = "gelu_pytorch_tanh",
     .whole_gains = true,
     .windows_computed = true,
     .complete = CompleteGemma3,
     .reduce = ReduceGemma3},
};

constexpr std::string_view kLayerPrefix = "blk.";

}  // namespace

std::span<const GgufArchitecture> GgufArchitectures() { return kArchitectures; }
std::span<const GgufKey> GgufCommonKeys() { return kCommon; }

std::string GgufName(const GgufArchitecture& architecture, Role role, int32_t layer) {
  if ((architecture.roles & RoleBit(role)) == 0) return {};
  const auto found = std::find_if(architecture.tensors.begin(), architecture.tensors.end(),
                                  [&](const TensorName& entry) { return entry.role == role; });
  if (found == architecture.tensors.end()) return {};
  const std::string name(found->name);
  return layer < 0 ? name : Format("blk.%d.", layer) + name;
}

bool FindGgufTensor(const GgufArchitecture& architecture, std::string_view name,
                    GgufTensorPlace* place) {
  std::string_view rest = name;
  place->layer = -1;
  if (name.starts_with(kLayerPrefix)) {
    const char* begin = name.data() + kLayerPrefix.size();
    const char* end = name.data() + name.size();
    const auto [stop, error] = std::from_chars(begin, end, place->layer);
    const bool number = error == std::errc() && stop != end && *stop == '.' && place->layer >= 0 &&
                        (*begin != '0' || stop == begin + 1);
    if (!number || place->layer >= static_cast<int32_t>(format::kMaxLayers)) return false;
    rest = std::string_view(stop + 1, static_cast<size_t>(end - stop - 1));
  }
  for (const TensorName& entry : architecture.tensors) {
    const bool has = (architecture.roles & RoleBit(entry.role)) != 0;
    if (entry.name != rest || !has || format::IsModelRole(entry.role) != (place->layer < 0)) {
      continue;
    }
    place->role = entry.role;
    return true;
  }
  return false;
}

}  // namespace quanta::converter
