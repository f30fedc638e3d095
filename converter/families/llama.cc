// SPDX-License-Identifier: MIT
//
// LlamaForCausalLM: RMS norms before each block, rotary embedding, grouped queries,
// gated feed-forward. Touvron et al. 2023; Dubey et al. 2024.
#include <cmath>
#include <string>
#include <utility>

#include "converter/error.h"
#include "converter/families/family.h"
#include "converter/families/settings.h"
#include "converter/pages.h"
#include "converter/rope.h"
#include "runtime/format/limits.h"

namespace quanta::converter {
namespace {

using format::Role;

/// Far above any model; keeps what is computed per claimed element small.
constexpr uint32_t kMaxHeadDim = 1u << 16;

struct Shape {
  uint32_t vocab, hidden, layers, heads, kv_heads, head_dim, ffn, context;
  bool attention_bias, mlp_bias, tied;

  uint32_t q_width() const { return heads * head_dim; }
  uint32_t kv_width() const { return kv_heads * head_dim; }
};

uint32_t ReadHeadDim(Config& config, uint32_t hidden, uint32_t heads) {
  if (!config.Has("head_dim")) {
    if (hidden % heads != 0) {
      config.Refuse(Code::kCorrupt, "hidden_size",
                    Format("(%u) is not a multiple of num_attention_heads (%u), and head_dim is "
                           "not set",
                           hidden, heads));
    }
    return hidden / heads;
  }
  return config.Count("head_dim", kMaxHeadDim);
}

Shape ReadShape(Config& config) {
  Shape shape{};
  shape.vocab = config.Count("vocab_size", format::kMaxVocab);
  shape.hidden = config.Count("hidden_size", format::kMaxWidth);
  shape.layers = config.Count("num_hidden_layers", format::kMaxLayers);
  shape.heads = config.Count("num_attention_heads", format::kMaxWidth);
  shape.kv_heads = config.Count("num_key_value_heads", format::kMaxWidth, shape.heads);
  if (shape.heads % shape.kv_heads != 0) {
    config.Refuse(
        Code::kCorrupt, "num_key_value_heads",
        Format("(%u) does not divide num_attention_heads (%u)", shape.kv_heads, shape.heads));
  }
  shape.head_dim = ReadHeadDim(config, shape.hidden, shape.heads);
  if (shape.head_dim % 2 != 0) {
    config.Refuse(Code::kUnsupported, "head_dim", "is odd: it cannot be rotated in pairs");
  }
  if (shape.head_dim > kMaxHeadDim || shape.head_dim > format::kMaxWidth / shape.heads) {
    config.Refuse(Code::kCorrupt, "head_dim",
                  Format("(%u) times num_attention_heads (%u) is beyond any model", shape.head_dim,
                         shape.heads));
  }
  shape.ffn = config.Count("intermediate_size", format::kMaxWidth);
  shape.context = config.Count("max_position_embeddings", format::kMaxContext, 2048);
  shape.attention_bias = config.Bool("attention_bias", false);
  shape.mlp_bias = config.Bool("mlp_bias", false);
  shape.tied = config.Bool("tie_word_embeddings", false);
  return shape;
}

float ReadEps(Config& config) {
  const double eps = config.Number("rms_norm_eps", 1e-6);
  if (!(static_cast<float>(eps) > 0 && eps < 1)) {
    config.Refuse(Code::kCorrupt, "rms_norm_eps", Format("must be between 0 and 1, not %g", eps));
  }
  return static_cast<float>(eps);
}

void FillArchitecture(const FamilyInput& input, const Shape& shape, Checkpoint* checkpoint) {
  Config& config = input.config;
  format::Architecture& a = checkpoint->architecture;
  a.family = checkpoint->family;
  a.vocab = shape.vocab;
  a.hidden = shape.hidden;
  a.heads = shape.heads;
  a.kv_heads = shape.kv_heads;
  a.head_dim = shape.head_dim;
  a.ffn = shape.ffn;
  a.context = shape.context;
  a.norm_eps = ReadEps(config);
  a.activation = ReadActivation(config, "hidden_act");
  a.attention_scale = static_cast<float>(1 / std::sqrt(static_cast<double>(shape.head_dim)));

  RopeTable rope = ReadRope(config, shape.head_dim, shape.context, input.allowed_keys);
  checkpoint->inv_freqs.push_back(std::move(rope.inv_freq));
  ErrorDetail none;
  a.ropes = Value(Array<format::Rope>::Create(1), none);
  a.ropes[0] = {checkpoint->inv_freqs.back(), rope.magnitude, format::RopePairing::kHalf};
  a.layers = Value(Array<format::Layer>::Create(shape.layers), none);
  for (format::Layer& layer : a.layers) layer.rope = 0;
}

void CheckSettings(const FamilyInput& input) {
  Config& config = input.config;
  IgnoreHarmlessSettings(config);
  RequireOffSettings(config);
  config.Require("partial_rotary_factor", 1.0);
  // Cuts the products into slices that are added up: the same numbers.
  if (config.Has("pretraining_tp")) config.Count("pretraining_tp", 1u << 16);
  const Json* types = config.Find("layer_types");
  for (const Json& type : types == nullptr ? Json::array() : *types) {
    if (type != "full_attention") {
      config.Refuse(Code::kUnsupported, "layer_types", "has kinds other than full_attention");
    }
  }
  config.RefuseUnread(input.allowed_keys);
}

/// Takes the tensors in the order in which a forward pass reads them.
class Taker {
 public:
  Taker(const FamilyInput& input, const Shape& shape, Checkpoint* checkpoint)
      : tensors_(input.tensors), shape_(shape), out_(*checkpoint) {
    // Saved from a LlamaModel without its head, names have no prefix.
    if (!tensors_.Has("model.embed_tokens.weight") && tensors_.Has("embed_tokens.weight")) {
      prefix_.clear();
    }
  }

  void TakeAll() {
    Matrix(prefix_ + "embed_tokens", Role::kEmbedding, -1, shape_.vocab, shape_.hidden);
    for (uint32_t layer = 0; layer < shape_.layers; ++layer) TakeLayer(layer);
    Vector(prefix_ + "norm.weight", Role::kFinalNorm, -1, shape_.hidden);
    TakeHead();
    DropRotaryBuffers();
    tensors_.RefuseLeftOver(
        "a tensor that is not part of a Llama model as config.json describes it cannot be left "
        "out");
  }

 private:
  void Matrix(const std::string& module, Role role, int32_t layer, uint32_t rows,
              uint32_t columns) {
    out_.tensors.push_back(tensors_.Take(module + ".weight", role, layer, {rows, columns}));
  }
  void Vector(const std::string& name, Role role, int32_t layer, uint32_t length) {
    out_.tensors.push_back(tensors_.TakeVector(name, role, layer, length));
  }
  void Linear(const std::string& module, Role role, bool bias, int32_t layer, uint32_t rows,
              uint32_t columns) {
    Matrix(module, role, layer, rows, columns);
    if (!bias) return;
    const auto bias_role = static_cast<Role>(static_cast<int>(role) + 1);
    Vector(module + ".bias", bias_role, layer, rows);
  }

  void TakeLayer(uint32_t index) {
    const std::string layer = prefix_ + "layers." + std::to_string(index) + ".";
    const std::string attention = layer + "self_attn.", mlp = layer + "mlp.";
    const auto i = static_cast<int32_t>(index);
    const uint32_t hidden = shape_.hidden, ffn = shape_.ffn;
    const bool a_bias = shape_.attention_bias, m_bias = shape_.mlp_bias;
    Vector(layer + "input_layernorm.weight", Role::kAttentionNorm, i, hidden);
    Linear(attention + "q_proj", Role::kQ, a_bias, i, shape_.q_width(), hidden);
    Linear(attention + "k_proj", Role::kK, a_bias, i, shape_.kv_width(), hidden);
    Linear(attention + "v_proj", Role::kV, a_bias, i, shape_.kv_width(), hidden);
    Linear(attention + "o_proj", Role::kO, a_bias, i, hidden, shape_.q_width());
    Vector(layer + "post_attention_layernorm.weight", Role::kFfnNorm, i, hidden);
    Linear(mlp + "gate_proj", Role::kGate, m_bias, i, ffn, hidden);
    Linear(mlp + "up_proj", Role::kUp, m_bias, i, ffn, hidden);
    Linear(mlp + "down_proj", Role::kDown, m_bias, i, hidden, ffn);
  }

  void TakeHead() {
    constexpr const char* kHead = "lm_head";
    constexpr const char* kName = "lm_head.weight";
    if (!shape_.tied) {
      if (!tensors_.Has(kName)) {
        throw Error(Code::kCorrupt, out_.path, std::string("tensor '") + kName + "' is missing",
                    "if the embedding serves as the head, config.json must say "
                    "\"tie_word_embeddings\": true");
      }
      Matrix(kHead, Role::kHead, -1, shape_.vocab, shape_.hidden);
      return;
    }
    if (!tensors_.Has(kName)) return;
    // Some writers store the tied tensor twice. That is fine as long as it is one.
    const SourceTensor head = tensors_.Take(kName, Role::kHead, -1, {shape_.vocab, shape_.hidden});
    const SourceTensor& embedding = out_.tensors.front();
    if (head.dtype != embedding.dtype || !SameBytes(head.bytes, embedding.bytes)) {
      throw Error(Code::kCorrupt, out_.path,
                  std::string("tie_word_embeddings is true, but '") + kName + "' differs from '" +
                      embedding.name + "'",
                  "set tie_word_embeddings to false if the head is its own");
    }
    out_.notes.push_back(std::string("'") + kName + "' equals the embedding and is stored once");
  }

  /// Old checkpoints hold the rotation's frequencies, which follow from config.json.
  void DropRotaryBuffers() {
    size_t dropped = 0;
    for (const std::string& name : tensors_.Left()) {
      if (!name.ends_with("rotary_emb.inv_freq")) continue;
      tensors_.Drop(name);
      ++dropped;
    }
    if (dropped == 0) return;
    out_.notes.push_back(
        Format("%zu rotary_emb.inv_freq buffers are left out: the frequencies follow from "
               "config.json, as in transformers",
               dropped));
  }

  TensorSet& tensors_;
  const Shape& shape_;
  Checkpoint& out_;
  std::string prefix_ = "model.";
};

void Build(const FamilyInput& input, Checkpoint* checkpoint) {
  checkpoint->family = kLlama.name;
  const Shape shape = ReadShape(input.config);
  FillArchitecture(input, shape, checkpoint);
  CheckSettings(input);
  Taker(input, shape, checkpoint).TakeAll();
}

}  // namespace

const Family kLlama = {
    .name = "llama",
    .version = {1, 0, 0},
    .architecture = "LlamaForCausalLM",
    .model_type = "llama",
    .build = Build,
};

}  // namespace quanta::converter
