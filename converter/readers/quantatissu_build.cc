// SPDX-License-Identifier: MIT
//
// From the arrays of a QuantaTissu model to a checkpoint.
#include <cmath>
#include <utility>

#include "converter/error.h"
#include "converter/readers/quantatissu.h"
#include "converter/tokenizer/quantatissu.h"
#include "runtime/format/roles.h"

namespace quanta::converter::tissu {
namespace {

using format::Role;

/// x W + (x A) B = x (W + A B): a matrix with its LoRA pair merged in.
class MergedSource final : public TensorSource {
 public:
  /// `base` [rows, columns] is W transposed; `a` [columns, rank] and `b` [rank, rows] are
  /// as the file has them.
  MergedSource(TensorSourcePtr base, const NpyArray& a, const NpyArray& b)
      : base_(std::move(base)),
        columns_(static_cast<uint32_t>(a.shape[0])),
        rank_(static_cast<uint32_t>(a.shape[1])),
        a_(size_t{columns_} * rank_) {
    ReadMatrix(a, false)->Read(0, columns_, a_.data());
    const auto rows = static_cast<uint32_t>(b.shape[1]);
    b_.resize(size_t{rows} * rank_);
    ReadMatrix(b, true)->Read(0, rows, b_.data());
  }

  void Read(uint32_t first, uint32_t count, float* out) const override {
    base_->Read(first, count, out);
    for (uint32_t i = 0; i < count; ++i) {
      const float* b = b_.data() + (size_t{first} + i) * rank_;
      for (uint32_t j = 0; j < columns_; ++j) {
        const float* a = a_.data() + size_t{j} * rank_;
        double sum = out[size_t{i} * columns_ + j];
        for (uint32_t r = 0; r < rank_; ++r) sum += double{a[r]} * double{b[r]};
        out[size_t{i} * columns_ + j] = static_cast<float>(sum);
      }
    }
  }
  void Release(uint32_t first, uint32_t count) const override { base_->Release(first, count); }

 private:
  TensorSourcePtr base_;
  uint32_t columns_, rank_;
  std::vector<float> a_, b_;  // [columns, rank], [rows, rank]
};

/// Row p, column i: sin (even i) or cos (odd i) of p / 10000^(2 floor(i / 2) / columns).
/// (Vaswani et al. 2017, section 3.5.)
class SinusoidSource final : public TensorSource {
 public:
  explicit SinusoidSource(uint32_t columns) {
    for (uint32_t i = 0; i < columns; ++i) {
      const double exponent = 2.0 * (i / 2) / columns;
      divisors_.push_back(std::pow(10000.0, exponent));
    }
  }

  void Read(uint32_t first, uint32_t count, float* out) const override {
    for (uint32_t row = first; row < first + count; ++row) {
      for (size_t i = 0; i < divisors_.size(); ++i) {
        const double angle = row / divisors_[i];
        *out++ = static_cast<float>(i % 2 == 0 ? std::sin(angle) : std::cos(angle));
      }
    }
  }
  void Release(uint32_t, uint32_t) const override {}

 private:
  std::vector<double> divisors_;
};

/// Makes the tensors in the order in which a forward pass reads them.
class Builder {
 public:
  Builder(const Parts& parts, const std::string& place, Checkpoint* checkpoint)
      : parts_(parts), place_(place), out_(*checkpoint), core_(parts.program == Program::kCore) {}

  void FillArchitecture(const Sizes& sizes, const Settings& settings) {
    format::Architecture& a = out_.architecture;
    a.family = out_.family;
    a.vocab = sizes.vocab;
    a.hidden = sizes.hidden;
    a.heads = settings.heads;
    a.kv_heads = settings.kv_heads;
    a.head_dim = sizes.hidden / settings.heads;
    a.ffn = sizes.ffn;
    a.context = settings.context;
    a.norm = format::NormKind::kLayer;
    a.norm_placement = core_ ? format::NormPlacement::kPre : format::NormPlacement::kPost;
    a.norm_eps = core_ ? 1e-5f : 1e-6f;
    a.norm_eps_outside = core_;
    a.final_norm = core_;
    a.activation = format::Activation::kRelu;
    a.gated = false;
    a.attention_scale = static_cast<float>(1 / std::sqrt(static_cast<double>(a.head_dim)));
    ErrorDetail none;
    a.layers = Value(Array<format::Layer>::Create(sizes.layers), none);
  }

  void TakeTensors() {
    AddMatrix(Slot::kEmbedding, 0, Role::kEmbedding, -1, false);
    AddPositions();
    for (size_t block = 0; block < parts_.blocks.size(); ++block) TakeBlock(block);
    AddVector(Slot::kFinalGain, 0, Role::kFinalNorm, -1);
    AddVector(Slot::kFinalBias, 0, Role::kFinalNormBias, -1);
    if (parts_.At(Slot::kOutput, 0) != nullptr) {
      AddMatrix(Slot::kOutput, 0, Role::kHead, -1, true);
    }
    AddVector(Slot::kOutputBias, 0, Role::kHeadBias, -1);
  }

 private:
  void TakeBlock(size_t block) {
    const auto layer = static_cast<int32_t>(block);
    AddVector(Slot::kGain1, block, core_ ? Role::kAttentionNorm : Role::kAttentionPostNorm, layer);
    AddVector(Slot::kBias1, block, core_ ? Role::kAttentionNormBias : Role::kAttentionPostNormBias,
              layer);
    AddMatrix(Slot::kWq, block, Role::kQ, layer, true);
    Merge(Slot::kLoraQA, Slot::kLoraQB, block);
    AddMatrix(Slot::kWk, block, Role::kK, layer, true);
    AddMatrix(Slot::kWv, block, Role::kV, layer, true);
    Merge(Slot::kLoraVA, Slot::kLoraVB, block);
    AddMatrix(Slot::kWo, block, Role::kO, layer, true);
    AddVector(Slot::kGain2, block, core_ ? Role::kFfnNorm : Role::kFfnPostNorm, layer);
    AddVector(Slot::kBias2, block, core_ ? Role::kFfnNormBias : Role::kFfnPostNormBias, layer);
    AddMatrix(Slot::kW1, block, Role::kUp, layer, true);
    AddVector(Slot::kB1, block, Role::kUpBias, layer);
    AddMatrix(Slot::kW2, block, Role::kDown, layer, true);
    AddVector(Slot::kB2, block, Role::kDownBias, layer);
  }

  SourceTensor Describe(const Stored& stored, Slot slot, size_t block, Role role, int32_t layer) {
    SourceTensor tensor;
    tensor.name = FullName(slot, block);
    tensor.place = place_;
    tensor.role = role;
    tensor.layer = layer;
    tensor.dtype = stored.array.dtype;
    tensor.fits_f16 = FindElementType(stored.array.dtype)->fits_f16;
    tensor.bytes = stored.array.bytes.size();
    return tensor;
  }

  void AddMatrix(Slot slot, size_t block, Role role, int32_t layer, bool transposed) {
    const Stored& stored = *parts_.At(slot, block);
    SourceTensor tensor = Describe(stored, slot, block, role, layer);
    tensor.matrix = true;
    tensor.rows = static_cast<uint32_t>(stored.array.shape[transposed ? 1 : 0]);
    tensor.columns = static_cast<uint32_t>(stored.array.shape[transposed ? 0 : 1]);
    tensor.source = ReadMatrix(stored.array, transposed);
    out_.tensors.push_back(std::move(tensor));
  }

  void AddVector(Slot slot, size_t block, Role role, int32_t layer) {
    const Stored* stored = parts_.At(slot, block);
    if (stored == nullptr) return;
    SourceTensor tensor = Describe(*stored, slot, block, role, layer);
    tensor.columns = static_cast<uint32_t>(stored->array.shape.back());
    tensor.source =
        StoredRows(stored->array.bytes, *FindElementType(tensor.dtype), tensor.columns, true);
    out_.tensors.push_back(std::move(tensor));
  }

  /// Into the tensor that was added last.
  void Merge(Slot a, Slot b, size_t block) {
    if (parts_.At(a, block) == nullptr) return;
    SourceTensor& tensor = out_.tensors.back();
    const Stored &first = *parts_.At(a, block), &second = *parts_.At(b, block);
    tensor.source =
        std::make_shared<MergedSource>(std::move(tensor.source), first.array, second.array);
    tensor.bytes += first.array.bytes.size() + second.array.bytes.size();
    tensor.fits_f16 = false;
    if (block == 0 && a == Slot::kLoraQA) {
      out_.notes.push_back(Format("LoRA pairs of rank %u are merged into Wq and Wv",
                                  static_cast<uint32_t>(first.array.shape[1])));
    }
  }

  /// A table that the file does not hold: it is computed.
  void AddPositions() {
    SourceTensor tensor;
    tensor.name = "positions";
    tensor.place = place_;
    tensor.role = Role::kPosition;
    tensor.dtype = "calc";
    tensor.rows = out_.architecture.context;
    tensor.columns = out_.architecture.hidden;
    tensor.source = std::make_shared<SinusoidSource>(tensor.columns);
    out_.tensors.push_back(std::move(tensor));
  }

  const Parts& parts_;
  const std::string& place_;
  Checkpoint& out_;
  bool core_;
};

std::function<TokenizerTables(uint32_t)> TokenizerOf(Program program, const std::string& place,
                                                     const ReadOptions& options) {
  if (options.tokenizer.empty()) {
    return [place](uint32_t) -> TokenizerTables {
      throw Error(Code::kNotFound, place, "holds no tokenizer",
                  "add --tokenizer PREFIX (of PREFIX_vocab.json and PREFIX_merges.txt), or "
                  "--no-tokenizer for a model that takes ids only");
    };
  }
  TissuWords words = program == Program::kCore ? TissuWords::kCore : TissuWords::kPython;
  const bool said = !options.pre_tokenizer.empty();
  if (said) words = ParseTissuWords(options.pre_tokenizer);
  return [=, path = options.tokenizer](uint32_t vocab) {
    return ReadTissuTokenizer(path, words, said, vocab);
  };
}

}  // namespace

void Build(const Parts& parts, const std::string& place, const ReadOptions& options,
           Checkpoint* checkpoint) {
  const Sizes sizes = CheckShapes(parts, place);
  const bool tied = parts.At(Slot::kOutput, 0) == nullptr;
  const Settings settings =
      ReadSettings(parts.program, sizes, tied, place, options, &checkpoint->notes);
  checkpoint->family = parts.program == Program::kCore ? "quantatissu-core" : "quantatissu";
  Builder builder(parts, place, checkpoint);
  builder.FillArchitecture(sizes, settings);
  builder.TakeTensors();
  const Stored& embedding = *parts.At(Slot::kEmbedding, 0);
  if (embedding.array.dtype == "F64") {
    checkpoint->notes.push_back(
        "its F64 numbers are rounded to F32; errors above count from those");
  }
  checkpoint->tokenizer = TokenizerOf(parts.program, place, options);
  checkpoint->chat = [] { return ChatSource(); };
}

}  // namespace quanta::converter::tissu
