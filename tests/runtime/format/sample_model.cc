// SPDX-License-Identifier: MIT
#include "tests/runtime/format/sample_model.h"

#include <cstring>
#include <utility>

#include "converter/writer/build_model.h"
#include "runtime/format/bytes.h"
#include "runtime/format/seal.h"

namespace quanta::format {
namespace {

template <class T>
Array<T> MakeArray(size_t count) {
  return std::move(Array<T>::Create(count)).value();
}

struct TensorPlan {
  Role role;
  Panel panel;
  uint32_t rows, columns;
};

constexpr uint32_t kVocab = 264, kHidden = 8, kQ = 8, kKv = 4, kHeadDim = 4, kFfn = 12;

constexpr TensorPlan kGlobal[] = {
    {Role::kEmbedding, Panel::kF16, kVocab, kHidden},
    {Role::kPosition, Panel::kF32, 64, kHidden},
    {Role::kHead, Panel::kQ8, kVocab, kHidden},
    {Role::kHeadBias, Panel::kF32, 1, kVocab},
    {Role::kFinalNorm, Panel::kF32, 1, kHidden},
    {Role::kFinalNormBias, Panel::kF32, 1, kHidden},
};

constexpr TensorPlan kPerLayer[] = {
    {Role::kAttentionNorm, Panel::kF32, 1, kHidden},
    {Role::kAttentionNormBias, Panel::kF32, 1, kHidden},
    {Role::kQ, Panel::kQ4, kQ, kHidden},
    {Role::kQBias, Panel::kF32, 1, kQ},
    {Role::kK, Panel::kF32, kKv, kHidden},
    {Role::kKBias, Panel::kF32, 1, kKv},
    {Role::kV, Panel::kF16, kKv, kHidden},
    {Role::kVBias, Panel::kF32, 1, kKv},
    {Role::kQNorm, Panel::kF32, 1, kHeadDim},
    {Role::kKNorm, Panel::kF32, 1, kHeadDim},
    {Role::kO, Panel::kQ8, kHidden, kQ},
    {Role::kOBias, Panel::kF32, 1, kHidden},
    {Role::kAttentionPostNorm, Panel::kF32, 1, kHidden},
    {Role::kAttentionPostNormBias, Panel::kF32, 1, kHidden},
    {Role::kFfnNorm, Panel::kF32, 1, kHidden},
    {Role::kFfnNormBias, Panel::kF32, 1, kHidden},
    {Role::kGate, Panel::kQ4, kFfn, kHidden},
    {Role::kGateBias, Panel::kF32, 1, kFfn},
    {Role::kUp, Panel::kF16, kFfn, kHidden},
    {Role::kUpBias, Panel::kF32, 1, kFfn},
    {Role::kDown, Panel::kF32, kHidden, kFfn},
    {Role::kDownBias, Panel::kF32, 1, kHidden},
    {Role::kFfnPostNorm, Panel::kF32, 1, kHidden},
    {Role::kFfnPostNormBias, Panel::kF32, 1, kHidden},
};

constexpr size_t kLayers = 2;

bool HeaderFits(size_t header_bytes, uint64_t data_offset) {
  return RoundUp(header_bytes, 64) + Seal::kBytes <= data_offset;
}

}  // namespace

SampleModel::SampleModel() {
  FillArchitecture();
  FillTokenizer();
  FillRest();
  FillTensors();
  FillData();
}

void SampleModel::FillArchitecture() {
  Architecture& a = header.architecture;
  a.family = "sample";
  a.vocab = kVocab;
  a.hidden = kHidden;
  a.heads = 2;
  a.kv_heads = 1;
  a.head_dim = kHeadDim;
  a.ffn = kFfn;
  a.context = 64;
  a.norm = NormKind::kLayer;
  a.norm_placement = NormPlacement::kSandwich;
  a.norm_eps = 1e-5f;
  a.norm_eps_outside = true;
  a.activation = Activation::kGeluErf;
  a.attention_scale = 0.5f;
  a.attention_softcap = 50;
  a.logit_softcap = 30;
  a.embedding_scale = 2;
  a.residual_scale = 0.25f;
  a.logit_scale = 4;
  inv_freq_ = {1.0f, 0.01f};
  a.ropes = MakeArray<Rope>(1);
  a.ropes[0].inv_freq = inv_freq_;
  a.ropes[0].magnitude = 1.5f;
  a.ropes[0].pairing = RopePairing::kInterleaved;
  a.layers = MakeArray<Layer>(kLayers);
  a.layers[0] = {.window = 16, .rope = 0};
}

void SampleModel::FillTokenizer() {
  const auto add = [&](std::string_view bytes, TokenType type) {
    token_offsets_.push_back(static_cast<uint32_t>(token_bytes_.size()));
    token_bytes_.insert(token_bytes_.end(), bytes.begin(), bytes.end());
    token_types_.push_back(type);
  };
  for (int byte = 0; byte < 256; ++byte) {
    const char c = static_cast<char>(byte);
    add({&c, 1}, TokenType::kNormal);
    byte_ids_.push_back(byte);
  }
  add("he", TokenType::kNormal);
  add("ll", TokenType::kNormal);
  add("hell", TokenType::kNormal);
  add("<|end|>", TokenType::kControl);
  token_offsets_.push_back(static_cast<uint32_t>(token_bytes_.size()));
  merges_ = {{'h', 'e', 256}, {'l', 'l', 257}, {256, 257, 258}};
  prefix_ids_ = {259};
  suffix_ids_ = {1, 259};
  stop_ids_ = {259};

  Tokenizer& t = header.tokenizer;
  t.kind = TokenizerKind::kByteBpe;
  t.token_offsets = token_offsets_;
  t.token_bytes = token_bytes_;
  t.token_types = token_types_;
  t.merges = merges_;
  t.byte_ids = byte_ids_;
  t.unknown_id = 3;
  t.fuse_unknown = t.byte_fallback = t.ignore_merges = true;
  t.normalizers = MakeArray<Normalizer>(1);
  t.normalizers[0] = {NormalizerKind::kReplace, "a", "b", true, true};
  t.pre_tokenizers = MakeArray<PreTokenizer>(1);
  t.pre_tokenizers[0] = {PreTokenizerKind::kSplitLiteral, " ", SplitBehavior::kContiguous, 1};
  t.decoders = MakeArray<Decoder>(1);
  t.decoders[0] = {DecoderKind::kReplace, "_", " ", 1, 2, 1};
  t.added = MakeArray<AddedToken>(1);
  t.added[0] = {259, "<|end|>", true, true, true, true, true};
  t.prefix_ids = prefix_ids_;
  t.suffix_ids = suffix_ids_;
  t.bos_id = 259;
  t.stop_ids = stop_ids_;
}

void SampleModel::FillRest() {
  header.chat_template.source = "{{ messages }}";
  header.chat_template.rules = MakeArray<ChatRule>(2);
  ChatRule& rule = header.chat_template.rules[0];
  rule.kind = ChatRuleKind::kStart;
  rule.prefix = "<|start|>";
  ChatRule& message = header.chat_template.rules[1];
  message.when = 1;
  message.unless = 2;
  message.role = ChatRole::kAssistant;
  message.prefix = "\xE2\x82\xAC";
  message.suffix = "<|end|>";
  message.trim = message.drop = message.trim_start = message.trim_end = message.newlines = true;
  message.part = ChatPart::kThoughtAndAnswer;
  message.middle = "<|so|>";
  header.chat_template.date_mark = "@";
  header.chat_template.thought_open = "<think>";
  header.chat_template.thought_close = "</think>";
  header.chat_template.reply_open = "<reply>";
  header.chat_template.reply_close = "</reply>";
  header.provenance = {"hub/model", "hf", "MIT", "quanta-convert 0", "run 7", "q4"};
  test_ids_ = {104, 105};
  expected_ = {1, 2, 3};
  margins_ = {0.5f, 1.5f, 0.0f};
  header.self_test = {.prompt = "hi",
                      .ids = test_ids_,
                      .expected = expected_,
                      .margins = margins_,
                      .tolerance = 0.125f};
}

void SampleModel::FillTensors() {
  constexpr size_t kCount = std::size(kGlobal) + kLayers * std::size(kPerLayer);
  header.tensors = MakeArray<Tensor>(kCount);
  names_.reserve(kCount);  // keeps views of short strings valid
  size_t next = 0;
  const auto add = [&](const TensorPlan& plan, int layer) {
    names_.push_back(std::string("source.") + RoleName(plan.role) + "." + std::to_string(layer));
    Tensor& tensor = header.tensors[next++];
    tensor.name = names_.back();
    tensor.role = plan.role;
    tensor.layer = layer;
    tensor.panel = plan.panel;
    tensor.rows = plan.rows;
    tensor.columns = plan.columns;
    tensor.source_dtype = "BF16";
    tensor.error_rms = 0.001f;
    tensor.error_max = 0.01f;
  };
  for (const TensorPlan& plan : kGlobal) add(plan, -1);
  for (int layer = 0; layer < static_cast<int>(kLayers); ++layer) {
    for (const TensorPlan& plan : kPerLayer) add(plan, layer);
  }
}

void SampleModel::FillData() {
  const Status status = writer::LayOutData(&header, kChunkBytes, nullptr);
  QUANTA_CHECK(status.ok());
  data_.resize(static_cast<size_t>(header.data_bytes));
  uint32_t random = 1;
  for (std::byte& byte : data_) byte = std::byte((random = random * 1664525 + 1013904223) >> 24);
  for (size_t at = 0; at < data_.size(); at += kChunkBytes) {
    const size_t size = std::min<size_t>(kChunkBytes, data_.size() - at);
    hashes_.push_back(Hash(std::span(data_).subspan(at, size)));
  }
  header.chunk_hashes = hashes_;
  // Room for what tests add to the header.
  static_cast<void>(writer::SerializePrefix(&header, 8192));
  data_offset_ = header.data_offset;
}

writer::AlignedBuffer SampleModel::File() const {
  std::vector<std::byte> bytes = writer::SerializeHeader(header);
  QUANTA_CHECK(HeaderFits(bytes.size(), data_offset_));
  bytes.resize(static_cast<size_t>(data_offset_));
  Reseal(bytes);
  bytes.insert(bytes.end(), data_.begin(), data_.end());
  return writer::AlignedBuffer(bytes);
}

writer::AlignedBuffer SampleModel::Spoiled(const std::function<void(Header&)>& spoil) {
  SampleModel sample;
  spoil(sample.header);
  sample.MakeRoom();
  return sample.File();
}

void SampleModel::MakeRoom() {
  const bool fits = HeaderFits(writer::SerializeHeader(header).size(), data_offset_);
  if (fits || header.data_offset != data_offset_) return;
  static_cast<void>(writer::SerializePrefix(&header));
  data_offset_ = header.data_offset;
}

std::vector<std::span<const std::byte>> SampleModel::TensorData() const {
  std::vector<std::span<const std::byte>> tensors;
  for (const Tensor& tensor : header.tensors) {
    tensors.push_back(
        data().subspan(static_cast<size_t>(tensor.offset), static_cast<size_t>(tensor.bytes)));
  }
  return tensors;
}

void Reseal(std::span<std::byte> file) {
  if (file.size() < 12) return;
  const uint64_t header_bytes = uint64_t{Load<uint32_t>(file, 0)} + 4;
  const uint64_t seal_offset = RoundUp(header_bytes, 64);
  if (seal_offset + Seal::kBytes > file.size()) return;
  const Hash256 hash = Hash(file.first(static_cast<size_t>(header_bytes)));
  std::memcpy(file.data() + seal_offset, hash.bytes, sizeof(hash.bytes));
}

}  // namespace quanta::format
