// SPDX-License-Identifier: MIT
#include "tests/runtime/llm/tiny_model.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>

#include "converter/writer/build_model.h"
#include "quanta/check.h"
#include "runtime/kernels/quant/panels.h"
#include "runtime/kernels/quant/quantize.h"

namespace quanta::testing {
namespace {

using format::Panel;
using format::Role;

constexpr size_t kAlign = 64;

size_t AlignedStart(const std::vector<std::byte>& storage) {
  const auto address = reinterpret_cast<uintptr_t>(storage.data());
  return (kAlign - address % kAlign) % kAlign;
}

template <class T>
Array<T> ToArray(const std::vector<T>& from) {
  Array<T> to = Array<T>::Create(from.size()).value();
  std::copy(from.begin(), from.end(), to.begin());
  return to;
}

/// The tables behind a header's tokenizer view.
struct TokenizerTables {
  std::vector<uint32_t> offsets = {0};
  std::vector<uint8_t> bytes;
  std::vector<format::TokenType> types;
  std::vector<format::Merge> merges = {{'h', 'e', kHe}, {'l', 'l', kLl}, {kHe, kLl, kHell}};
  std::vector<int32_t> byte_ids;
  std::vector<int32_t> prefix = {kBos}, stops = {kEos, kEnd};

  TokenizerTables() {
    for (int i = 0; i < 256; ++i) {
      Add(std::string(1, static_cast<char>(i)), format::TokenType::kNormal);
      byte_ids.push_back(i);
    }
    for (const char* text : {"he", "ll", "hell"}) Add(text, format::TokenType::kNormal);
    for (const char* text : kSpecials) Add(text, format::TokenType::kControl);
  }

  void Add(const std::string& text, format::TokenType type) {
    bytes.insert(bytes.end(), text.begin(), text.end());
    offsets.push_back(static_cast<uint32_t>(bytes.size()));
    types.push_back(type);
  }

  format::Tokenizer View() const {
    format::Tokenizer view;
    view.kind = format::TokenizerKind::kByteBpe;
    view.token_offsets = offsets;
    view.token_bytes = bytes;
    view.token_types = types;
    view.merges = merges;
    view.byte_ids = byte_ids;
    view.prefix_ids = prefix;
    view.stop_ids = stops;
    view.bos_id = kBos;
    view.pre_tokenizers = ToArray<format::PreTokenizer>({{}});
    view.decoders = ToArray<format::Decoder>({{}});
    std::vector<format::AddedToken> added;
    for (uint32_t i = 0; i < kSpecials.size(); ++i) {
      format::AddedToken token;
      token.id = static_cast<uint32_t>(kBos) + i;
      token.content = kSpecials[i];
      token.special = true;
      token.rstrip = token.id == kAssistant;
      token.single_word = token.id == kEndMore;
      added.push_back(token);
    }
    view.added = ToArray(added);
    return view;
  }

  static constexpr std::array<const char*, 6> kSpecials = {"<s>",     "</s>",          "<|user|>",
                                                           "<|end|>", "<|assistant|>", "<|end|>>"};
};

format::ChatTemplate UserTurns(const TinySpec& spec) {
  std::vector<format::ChatRule> rules(5);
  rules[0].kind = format::ChatRuleKind::kStart;
  rules[0].prefix = "<s>";
  rules[1].kind = format::ChatRuleKind::kMessage;
  rules[1].role = format::ChatRole::kUser;
  rules[1].prefix = spec.user_prefix;
  rules[1].suffix = "<|end|>";
  rules[2].kind = format::ChatRuleKind::kRefuse;
  rules[2].role = format::ChatRole::kSystem;
  rules[2].prefix = "no system messages";
  rules[3].kind = format::ChatRuleKind::kGenerationPrompt;
  rules[3].prefix = "<|assistant|>";
  rules[4].kind = format::ChatRuleKind::kMessage;
  rules[4].role = format::ChatRole::kAssistant;
  rules[4].prefix = "<|assistant|>";
  rules[4].suffix = "<|end|>";
  format::ChatTemplate chat;
  chat.source = "made by hand";
  chat.rules = ToArray(rules);
  return chat;
}

format::Architecture ToArchitecture(const TinySpec& spec,
                                    const std::vector<std::vector<float>>& frequencies) {
  format::Architecture a;
  a.family = "tiny";
  a.vocab = spec.vocab;
  a.hidden = spec.hidden;
  a.heads = spec.heads;
  a.kv_heads = spec.kv_heads;
  a.head_dim = spec.head_dim;
  a.ffn = spec.ffn;
  a.context = spec.context;
  a.norm = spec.norm;
  a.norm_placement = spec.norm_placement;
  a.norm_eps = spec.norm_eps;
  a.norm_eps_outside = spec.norm_eps_outside;
  a.final_norm = spec.final_norm;
  a.activation = spec.activation;
  a.gated = spec.gated;
  a.attention_scale = spec.attention_scale;
  a.attention_softcap = spec.attention_softcap;
  a.logit_softcap = spec.logit_softcap;
  a.embedding_scale = spec.embedding_scale;
  a.residual_scale = spec.residual_scale;
  a.logit_scale = spec.logit_scale;
  std::vector<format::Rope> ropes;
  for (size_t i = 0; i < spec.ropes.size(); ++i) {
    ropes.push_back({frequencies[i], spec.ropes[i].magnitude, spec.ropes[i].pairing});
  }
  a.ropes = ToArray(ropes);
  a.layers = ToArray(spec.layers);
  return a;
}

/// Strips of 16 rows of `values` [.., columns].
std::vector<std::byte> EncodeStrips(const std::vector<float>& values, uint32_t columns,
                                    kernels::Panel panel) {
  std::vector<std::byte> bytes;
  std::vector<std::byte> strip(kernels::StripBytes(panel, columns));
  std::vector<int8_t> scratch(columns);
  for (size_t at = 0; at < values.size(); at += kernels::kStripRows * columns) {
    const size_t rows = std::min(kernels::kStripRows, (values.size() - at) / columns);
    kernels::QuantizeStrip(panel, &values[at], rows, columns, scratch.data(), strip.data());
    bytes.insert(bytes.end(), strip.begin(), strip.end());
  }
  return bytes;
}

bool IsQuantized(Panel panel) { return panel == Panel::kQ8 || panel == Panel::kQ4; }

std::vector<std::byte> Encode(const std::vector<float>& values, uint32_t columns, Panel panel) {
  if (IsQuantized(panel)) {
    return EncodeStrips(values, columns, static_cast<kernels::Panel>(panel));
  }
  std::vector<std::byte> bytes(values.size() * (panel == Panel::kF16 ? 2 : 4));
  if (panel == Panel::kF32) {
    std::memcpy(bytes.data(), values.data(), bytes.size());
    return bytes;
  }
  for (size_t i = 0; i < values.size(); ++i) {
    const uint16_t half = ToHalf(values[i]);
    std::memcpy(bytes.data() + 2 * i, &half, 2);
  }
  return bytes;
}

}  // namespace

float FromHalf(uint16_t bits) {
  const int exponent = (bits >> 10) & 31;
  const auto fraction = static_cast<float>(bits & 1023) / 1024;
  const float magnitude =
      exponent == 0 ? std::ldexp(fraction, -14) : std::ldexp(1 + fraction, exponent - 15);
  return (bits & 0x8000) != 0 ? -magnitude : magnitude;
}

uint16_t ToHalf(float value) {
  // The finite halves ascend with their bits: search, then round to the nearer, even.
  const float magnitude = std::fabs(value);
  uint16_t low = 0, high = 0x7BFF;
  while (low < high) {
    const auto middle = static_cast<uint16_t>((low + high + 1) / 2);
    if (FromHalf(middle) <= magnitude) {
      low = middle;
    } else {
      high = static_cast<uint16_t>(middle - 1);
    }
  }
  if (low < 0x7BFF) {
    const auto next = static_cast<uint16_t>(low + 1);
    const float below = magnitude - FromHalf(low), above = FromHalf(next) - magnitude;
    if (above < below || (above == below && low % 2 == 1)) low = next;
  }
  return static_cast<uint16_t>(low | (std::signbit(value) ? 0x8000 : 0));
}

AlignedBytes::AlignedBytes(size_t size) : storage_(size + kAlign), size_(size) {
  start_ = AlignedStart(storage_);
}

float TinyModel::Uniform() {
  return static_cast<float>(random_() >> 8) / static_cast<float>(1 << 23) - 1;  // [-1, 1)
}

TinyModel::TinyModel(const TinySpec& spec) : spec_(spec), random_(spec.seed) {
  QUANTA_CHECK(spec.vocab >= kTinyVocab);
  Add(Role::kEmbedding, -1, spec.vocab, spec.hidden, 1.5f, 0, spec.panel);
  if (spec.positions) Add(Role::kPosition, -1, spec.context, spec.hidden, 0.5f, 0, spec.panel);
  for (size_t i = 0; i < spec.layers.size(); ++i) AddLayer(static_cast<int32_t>(i));
  if (spec.final_norm) AddNorm(Role::kFinalNorm, Role::kFinalNormBias, -1);
  if (!spec.tied) AddMatrix(Role::kHead, -1, spec.vocab, spec.hidden);
  AddBias(spec.head_bias, Role::kHeadBias, -1, spec.vocab);
}

void TinyModel::AddLayer(int32_t layer) {
  const TinySpec& s = spec_;
  const uint32_t q = s.heads * s.head_dim, kv = s.kv_heads * s.head_dim;
  if (s.norm_placement != format::NormPlacement::kPost) {
    AddNorm(Role::kAttentionNorm, Role::kAttentionNormBias, layer);
    AddNorm(Role::kFfnNorm, Role::kFfnNormBias, layer);
  }
  if (s.norm_placement != format::NormPlacement::kPre) {
    AddNorm(Role::kAttentionPostNorm, Role::kAttentionPostNormBias, layer);
    AddNorm(Role::kFfnPostNorm, Role::kFfnPostNormBias, layer);
  }
  AddMatrix(Role::kQ, layer, q, s.hidden);
  AddMatrix(Role::kK, layer, kv, s.hidden);
  AddMatrix(Role::kV, layer, kv, s.hidden);
  AddMatrix(Role::kO, layer, s.hidden, q);
  AddBias(s.attention_bias, Role::kQBias, layer, q);
  AddBias(s.attention_bias, Role::kKBias, layer, kv);
  AddBias(s.attention_bias, Role::kVBias, layer, kv);
  AddBias(s.attention_bias, Role::kOBias, layer, s.hidden);
  if (s.qk_norm) {
    Add(Role::kQNorm, layer, 1, s.head_dim, 0.3f, 1, Panel::kF32);
    Add(Role::kKNorm, layer, 1, s.head_dim, 0.3f, 1, Panel::kF32);
  }
  if (s.gated) AddMatrix(Role::kGate, layer, s.ffn, s.hidden);
  AddMatrix(Role::kUp, layer, s.ffn, s.hidden);
  AddMatrix(Role::kDown, layer, s.hidden, s.ffn);
  if (s.gated) AddBias(s.ffn_bias, Role::kGateBias, layer, s.ffn);
  AddBias(s.ffn_bias, Role::kUpBias, layer, s.ffn);
  AddBias(s.ffn_bias, Role::kDownBias, layer, s.hidden);
}

void TinyModel::Add(Role role, int32_t layer, uint32_t rows, uint32_t columns, float scale,
                    float center, Panel panel) {
  std::vector<float> values(size_t{rows} * columns);
  for (float& v : values) v = center + scale * Uniform();
  tensors_.push_back({role, layer, rows, columns, panel, {}, {}});
  Set(role, layer, std::move(values));
}

void TinyModel::AddMatrix(Role role, int32_t layer, uint32_t rows, uint32_t columns) {
  Add(role, layer, rows, columns, 1.7f / std::sqrt(static_cast<float>(columns)), 0, spec_.panel);
}

void TinyModel::AddBias(bool wanted, Role role, int32_t layer, uint32_t size) {
  if (wanted) Add(role, layer, 1, size, 0.3f, 0, Panel::kF32);
}

void TinyModel::AddNorm(Role gain, Role bias, int32_t layer) {
  Add(gain, layer, 1, spec_.hidden, 0.3f, 1, Panel::kF32);
  AddBias(spec_.norm_bias, bias, layer, spec_.hidden);
}

const TinyModel::Tensor* TinyModel::Find(Role role, int32_t layer) const {
  for (const Tensor& t : tensors_) {
    if (t.role == role && t.layer == layer) return &t;
  }
  return nullptr;
}

const std::vector<float>& TinyModel::Values(Role role, int32_t layer) const {
  const Tensor* tensor = Find(role, layer);
  QUANTA_CHECK(tensor != nullptr);
  return tensor->values;
}

void TinyModel::Set(Role role, int32_t layer, std::vector<float> values) {
  Tensor* tensor = const_cast<Tensor*>(Find(role, layer));
  QUANTA_CHECK(tensor != nullptr && values.size() == size_t{tensor->rows} * tensor->columns);
  if (tensor->panel == Panel::kF16) {
    for (float& v : values) v = FromHalf(ToHalf(v));
  }
  tensor->stored = Encode(values, tensor->columns, tensor->panel);
  if (IsQuantized(tensor->panel)) {
    const kernels::Weights w = {tensor->stored.data(), tensor->rows, tensor->columns,
                                static_cast<kernels::Panel>(tensor->panel)};
    for (uint32_t row = 0; row < w.n; ++row) {
      kernels::UnpackRow(w.panel, kernels::StripOf(w, row), w.k, row % kernels::kStripRows,
                         &values[size_t{row} * w.k]);
    }
  }
  tensor->values = std::move(values);
  file_.clear();
}

std::span<const std::byte> TinyModel::File() {
  if (!file_.empty()) return {file_.data() + start_, size_};
  const TokenizerTables tables;
  std::vector<std::vector<float>> frequencies;
  for (const TinyRope& rope : spec_.ropes) {
    std::vector<float>& f = frequencies.emplace_back();
    for (uint32_t i = 0; i < rope.half; ++i) {
      f.push_back(std::pow(rope.base, -static_cast<float>(i) / static_cast<float>(rope.half)));
    }
  }
  format::Header header;
  header.architecture = ToArchitecture(spec_, frequencies);
  header.tokenizer = tables.View();
  if (spec_.chat) header.chat_template = UserTurns(spec_);
  header.provenance.source = "tiny";
  header.provenance.license = "MIT";
  header.self_test.prompt = spec_.prompt;
  header.self_test.ids = spec_.prompt_ids;
  header.self_test.expected = spec_.expected;
  header.self_test.margins = spec_.margins;
  header.self_test.tolerance = spec_.tolerance;

  std::vector<format::Tensor> directory;
  std::vector<std::span<const std::byte>> spans;
  std::vector<std::string> names;
  names.reserve(tensors_.size());
  for (const Tensor& t : tensors_) {
    format::Tensor& entry = directory.emplace_back();
    names.push_back(std::string(format::RoleName(t.role)) + "." + std::to_string(t.layer));
    entry.name = names.back();
    entry.role = t.role;
    entry.layer = t.layer;
    entry.panel = t.panel;
    entry.rows = t.rows;
    entry.columns = t.columns;
    entry.source_dtype = "F32";
    spans.push_back(t.stored);
  }
  header.tensors = ToArray(directory);

  ErrorDetail detail;
  auto built = writer::BuildModel(&header, spans, &detail, 1 << 12);
  if (!built.ok()) Panic(detail.text(), __FILE__, __LINE__);
  size_ = built->size();
  file_.resize(size_ + kAlign);
  start_ = AlignedStart(file_);
  std::copy(built->begin(), built->end(), file_.begin() + static_cast<ptrdiff_t>(start_));
  return {file_.data() + start_, size_};
}

Model TinyModel::Open() {
  ErrorDetail detail;
  auto model = Model::Open(File(), OpenOptions(), &detail);
  if (!model.ok()) Panic(detail.text(), __FILE__, __LINE__);
  return std::move(model).value();
}

TinyModel TinyModel::Scripted(std::span<const int32_t> script) {
  TinySpec spec;
  spec.context = spec.hidden = static_cast<uint32_t>(script.size());
  spec.heads = spec.kv_heads = 1;
  spec.head_dim = 2;
  spec.ropes[0].half = 1;
  spec.layers.resize(1);
  spec.ffn = 2;
  spec.final_norm = false;
  spec.positions = true;
  spec.tied = false;
  TinyModel model(spec);
  // The stream is the position alone, as a unit vector; the head knows the script.
  const size_t D = spec.hidden;
  model.Set(Role::kEmbedding, -1, std::vector<float>(spec.vocab * D));
  model.Set(Role::kO, 0, std::vector<float>(2 * D));
  model.Set(Role::kDown, 0, std::vector<float>(2 * D));
  std::vector<float> positions(D * D), head(spec.vocab * D);
  for (size_t p = 0; p < D; ++p) {
    positions[p * D + p] = 1;
    head[static_cast<size_t>(script[p]) * D + p] = 10;
  }
  model.Set(Role::kPosition, -1, positions);
  model.Set(Role::kHead, -1, head);
  return model;
}

TinyModel TinyModel::Scripted(std::string_view script) {
  std::vector<int32_t> ids;
  for (const char c : script) ids.push_back(static_cast<unsigned char>(c));
  return Scripted(ids);
}

}  // namespace quanta::testing
