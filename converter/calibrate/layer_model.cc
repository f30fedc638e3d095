// SPDX-License-Identifier: MIT
#include "converter/calibrate/layer_model.h"

#include <algorithm>
#include <cstring>
#include <numeric>
#include <utility>

#include "converter/error.h"
#include "converter/writer/build_model.h"
#include "runtime/format/limits.h"

namespace quanta::converter {
namespace {

using format::Role;

bool IsFinalNorm(Role role) { return role == Role::kFinalNorm || role == Role::kFinalNormBias; }

}  // namespace

LayerModel::LayerModel(std::unique_ptr<Checkpoint> checkpoint, uint32_t length)
    : checkpoint_(std::move(checkpoint)),
      length_(length),
      no_tokenizer_(NoTokenizer()),
      ids_(length) {
  std::iota(ids_.begin(), ids_.end(), 0);
  ErrorDetail none;
  format::Architecture& a = header_.architecture;
  a = std::move(checkpoint_->architecture);
  layers_ = std::exchange(a.layers, Value(Array<format::Layer>::Create(1), none));
  ropes_ = std::move(a.ropes);
  final_norm_ = a.final_norm;
  a.vocab = length_;
  a.context = length_;
  a.embedding_scale = 1;
  a.logit_scale = 1;
  a.logit_softcap = 0;
  header_.tokenizer = Value(no_tokenizer_.View(), none);
}

LayerModel::~LayerModel() = default;

void LayerModel::Load(size_t layer) {
  session_.reset();
  model_.reset();
  ChooseArchitecture(layer);
  ChooseTensors(layer);
  Build();
  Start();
}

void LayerModel::ChooseArchitecture(size_t layer) {
  format::Architecture& a = header_.architecture;
  a.layers[0] = layers_[layer];
  a.final_norm = final_norm_ && layer + 1 == layers_.size();
  a.ropes = {};
  if (layers_[layer].rope < 0) return;
  a.ropes = Value(Array<format::Rope>::Create(1), ErrorDetail());
  a.ropes[0] = ropes_[static_cast<size_t>(layers_[layer].rope)];
  a.layers[0].rope = 0;
}

void LayerModel::ChooseTensors(size_t layer) {
  sources_.clear();
  for (size_t i = 0; i < checkpoint_->tensors.size(); ++i) {
    const SourceTensor& tensor = checkpoint_->tensors[i];
    const bool here = tensor.layer == static_cast<int32_t>(layer);
    if (here || (header_.architecture.final_norm && IsFinalNorm(tensor.role))) {
      sources_.push_back(i);
    }
  }
  header_.tensors = Value(Array<format::Tensor>::Create(sources_.size() + 1), ErrorDetail());
  format::Tensor& rows = header_.tensors[0];
  rows.name = "rows";
  rows.role = Role::kEmbedding;
  rows.rows = length_;
  rows.columns = header_.architecture.hidden;
  for (size_t i = 0; i < sources_.size(); ++i) {
    const SourceTensor& source = checkpoint_->tensors[sources_[i]];
    format::Tensor& tensor = header_.tensors[i + 1];
    tensor.name = source.name;
    tensor.role = source.role;
    tensor.layer = source.layer < 0 ? -1 : 0;
    tensor.rows = source.rows;
    tensor.columns = source.columns;
  }
}

/// The file. Its chunks' hashes are zeros: nobody looks at them.
void LayerModel::Build() {
  ErrorDetail detail;
  Check(writer::LayOutData(&header_, format::kMaxChunkBytes, &detail), detail);
  const std::vector<format::Hash256> hashes(static_cast<size_t>(
      (header_.data_bytes + format::kMaxChunkBytes - 1) / format::kMaxChunkBytes));
  header_.chunk_hashes = hashes;
  const std::vector<std::byte> prefix = writer::SerializePrefix(&header_);
  header_.chunk_hashes = {};
  file_ = writer::AlignedBuffer(static_cast<size_t>(header_.data_offset + header_.data_bytes));
  std::copy(prefix.begin(), prefix.end(), file_.bytes().begin());
  for (const size_t index : sources_) {
    const SourceTensor& source = checkpoint_->tensors[index];
    source.source->Read(0, source.rows, Values(index).data());
    source.source->Release(0, source.rows);
  }
}

void LayerModel::Start() {
  ErrorDetail detail;
  model_ = Value(Model::Open(std::as_const(file_).bytes(), {}, &detail), detail);
  SessionOptions options;
  options.chunk = length_;
  options.kv = KvType::kF32;
  options.all_logits = true;
  const size_t bytes = Value(Session::Bytes(*model_, options, &detail), detail);
  if (arena_.bytes().size() < bytes) {
    arena_ = Value(platform::PageBlock::Create(bytes, &detail), detail);
  }
  session_ = Value(Session::Create(*model_, options, arena_.bytes(), &detail), detail);
}

std::span<float> LayerModel::Values(size_t tensor) {
  const auto found = std::find(sources_.begin(), sources_.end(), tensor);
  QUANTA_CHECK(found != sources_.end());
  const format::Tensor& place = header_.tensors[static_cast<size_t>(found - sources_.begin()) + 1];
  std::byte* data = file_.bytes().data() + header_.data_offset + place.offset;
  return {reinterpret_cast<float*>(data), size_t{place.rows} * place.columns};
}

void LayerModel::Run(std::span<const float> x, const Observer& observer) {
  struct Context {
    const LayerModel* self;
    const Observer* observer;
  } context{this, &observer};
  Session::FeedHooks hooks;
  hooks.context = &context;
  hooks.on_logits = [](void*, size_t, std::span<const float>) {};  // so that all rows count
  hooks.on_input = [](void* of, const std::byte* matrix, const float* rows, size_t count,
                      size_t columns) {
    const auto& [self, visit] = *static_cast<const Context*>(of);
    const std::byte* data = self->file_.bytes().data() + self->header_.data_offset;
    for (const format::Tensor& tensor : self->header_.tensors) {
      if (data + tensor.offset == matrix) (*visit)(tensor.role, rows, count, columns);
    }
  };
  std::byte* rows = file_.bytes().data() + header_.data_offset + header_.tensors[0].offset;
  std::memcpy(rows, x.data(), x.size_bytes());
  const size_t count = x.size() / header_.architecture.hidden;
  Check(session_->Truncate(0), ErrorDetail());
  ErrorDetail detail;
  Check(session_->Feed(std::span(ids_).first(count), hooks, &detail).status(), detail);
}

}  // namespace quanta::converter
