// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <random>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "quanta/model.h"
#include "runtime/format/model_view.h"

/// Small made-up models, built in memory on any target and opened through the real
/// reader.
namespace quanta::testing {

struct TinyRope {
  uint32_t half = 4;  ///< rotated pairs
  float base = 10000;
  float magnitude = 1;
  format::RopePairing pairing = format::RopePairing::kHalf;
};

/// Every switch of the architecture; names as in format::Architecture.
struct TinySpec {
  uint32_t vocab = 272, hidden = 32, heads = 4, kv_heads = 2, head_dim = 8, ffn = 48;
  uint32_t context = 64;
  format::NormKind norm = format::NormKind::kRms;
  format::NormPlacement norm_placement = format::NormPlacement::kPre;
  float norm_eps = 1e-5f;
  bool norm_eps_outside = false, final_norm = true, norm_bias = false;
  format::Activation activation = format::Activation::kSilu;
  bool gated = true;
  float attention_scale = 0.35f, attention_softcap = 0, logit_softcap = 0;
  float embedding_scale = 1, residual_scale = 1, logit_scale = 1;
  bool tied = true, positions = false, qk_norm = false;
  bool attention_bias = false, ffn_bias = false, head_bias = false;
  std::vector<TinyRope> ropes = {TinyRope()};
  std::vector<format::Layer> layers = {{0, 0}, {0, 0}};
  format::Panel panel = format::Panel::kF32;  ///< of the matrices
  uint32_t seed = 1;
  std::string user_prefix = "<|user|>he";
  bool chat = false;  ///< <s> <|user|>heCONTENT<|end|> <|assistant|>CONTENT<|end|>

  // A self-test, if `expected` is not empty.
  std::string prompt;
  std::vector<int32_t> prompt_ids, expected;
  std::vector<float> margins;
  float tolerance = 0;
};

/// The tokenizer of every tiny model: 256 bytes, three merges, specials.
inline constexpr int32_t kHe = 256, kLl = 257, kHell = 258;
inline constexpr int32_t kBos = 259, kEos = 260, kUser = 261, kEnd = 262, kAssistant = 263;
inline constexpr int32_t kEndMore = 264;     ///< "<|end|>>", which kEnd begins
inline constexpr uint32_t kTinyVocab = 265;  ///< the least `vocab` of a spec

class TinyModel {
 public:
  /// Random weights.
  explicit TinyModel(const TinySpec& spec);

  /// A model that says `script` whatever it is fed: after the token at position p it
  /// wants script[p]. The context is the script's length.
  static TinyModel Scripted(std::span<const int32_t> script);
  static TinyModel Scripted(std::string_view script);  ///< a byte a token

  const TinySpec& spec() const { return spec_; }
  bool Has(format::Role role, int32_t layer) const { return Find(role, layer) != nullptr; }
  /// The values as stored (f16 ones rounded, q8 and q4 ones scale * q), row-major.
  const std::vector<float>& Values(format::Role role, int32_t layer) const;
  void Set(format::Role role, int32_t layer, std::vector<float> values);

  /// The file, 64-byte aligned; made anew after a Set.
  std::span<const std::byte> File();
  /// Opens File(), which must stay: as long as this object, unchanged.
  Model Open();

 private:
  struct Tensor {
    format::Role role;
    int32_t layer;
    uint32_t rows, columns;
    format::Panel panel;
    std::vector<float> values;
    std::vector<std::byte> stored;  ///< in `panel`
  };

  void Add(format::Role role, int32_t layer, uint32_t rows, uint32_t columns, float scale,
           float center, format::Panel panel);
  void AddMatrix(format::Role role, int32_t layer, uint32_t rows, uint32_t columns);
  void AddBias(bool wanted, format::Role role, int32_t layer, uint32_t size);
  void AddNorm(format::Role gain, format::Role bias, int32_t layer);
  void AddLayer(int32_t layer);
  const Tensor* Find(format::Role role, int32_t layer) const;
  float Uniform();

  TinySpec spec_;
  std::mt19937 random_;
  std::vector<Tensor> tensors_;
  std::vector<std::byte> file_;  ///< with room to align
  size_t start_ = 0, size_ = 0;
};

/// 64-byte aligned bytes.
class AlignedBytes {
 public:
  explicit AlignedBytes(size_t size);
  std::span<std::byte> span() { return {storage_.data() + start_, size_}; }

 private:
  std::vector<std::byte> storage_;
  size_t start_ = 0, size_ = 0;
};

/// Nearest half-precision value and back: the test's own, from the definition.
uint16_t ToHalf(float value);
float FromHalf(uint16_t bits);

}  // namespace quanta::testing
