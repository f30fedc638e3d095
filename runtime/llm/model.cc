// SPDX-License-Identifier: MIT
#include "quanta/model.h"

#include <algorithm>
#include <new>
#include <utility>

#include "runtime/format/transport.h"
#include "runtime/llm/model_impl.h"
#include "runtime/text/tokenizer_impl.h"

namespace quanta {
namespace {

using format::Role;
using format::Tensor;

constexpr size_t kFileAlign = 64;

/// Bytes of a tensor that decoding one token reads: tables give one row, matrices
/// all of them. A tied embedding is both.
uint64_t DecodeBytes(const Tensor& tensor, bool tied) {
  const bool table = tensor.role == Role::kPosition || (tensor.role == Role::kEmbedding && !tied);
  return table ? tensor.bytes / std::max(tensor.rows, 1u) : tensor.bytes;
}

ModelInfo Describe(const format::File& file, bool compressed) {
  const format::Header& header = file.header;
  const format::Architecture& arch = header.architecture;
  ModelInfo info = {};
  info.family = arch.family;
  info.source = header.provenance.source;
  info.license = header.provenance.license;
  info.quantization = header.provenance.quantization;
  info.tool = header.provenance.tool;
  info.layers = static_cast<uint32_t>(arch.layers.size());
  info.hidden = arch.hidden;
  info.heads = arch.heads;
  info.kv_heads = arch.kv_heads;
  info.head_dim = arch.head_dim;
  info.ffn = arch.ffn;
  info.vocab = arch.vocab;
  info.context = arch.context;

  const bool tied = std::none_of(header.tensors.begin(), header.tensors.end(),
                                 [](const Tensor& t) { return t.role == Role::kHead; });
  for (const Tensor& tensor : header.tensors) {
    info.parameters += uint64_t{tensor.rows} * tensor.columns;
    info.decode_bytes += DecodeBytes(tensor, tied);
  }
  info.data_bytes = header.data_bytes;
  info.file_bytes = header.data_offset + header.data_bytes;
  info.compressed = compressed;
  info.is_signed = file.seal.is_signed;
  if (info.is_signed) std::copy_n(file.seal.public_key, 32, info.public_key);
  info.has_chat_template = header.chat_template.present();
  info.has_self_test = header.self_test.present();
  return info;
}

/// The file that `bytes` are a compressed form of, in memory of the model's own.
Status Restore(std::span<const std::byte> bytes, Model::Impl* impl, ErrorDetail* detail) {
  QUANTA_ASSIGN(const uint64_t size, format::RestoredBytes(bytes, detail));
  if (size > SIZE_MAX) {
    return Fail(detail, Code::kOutOfMemory, "the model is larger than the address space",
                "the decompressed model needs %llu bytes, more than this machine can address",
                static_cast<unsigned long long>(size));
  }
  QUANTA_ASSIGN(impl->restored, platform::PageBlock::Create(static_cast<size_t>(size), detail,
                                                            platform::Pages::kLarge));
  return format::Restore(bytes, impl->restored.bytes(), detail);
}

Status CheckAligned(std::span<const std::byte> bytes, ErrorDetail* detail) {
  const auto address = reinterpret_cast<uintptr_t>(bytes.data());
  if (address % kFileAlign == 0) return {};
  return Fail(detail, Code::kInvalidArgument, "the model's bytes are not 64-byte aligned",
              "the model's bytes begin %u past a multiple of 64: place them at a multiple",
              static_cast<unsigned>(address % kFileAlign));
}

Status CheckData(const format::File& file, ErrorDetail* detail, Model::Progress progress,
                 void* context) {
  const uint64_t total = file.header.data_bytes;
  uint64_t done = 0;
  for (size_t i = 0; i < file.header.chunk_hashes.size(); ++i) {
    if (progress != nullptr && !progress(context, done, total)) {
      return Fail(detail, Code::kCancelled, "cancelled", "verification was cancelled");
    }
    QUANTA_TRY(format::CheckChunk(file, i, detail));
    done = std::min(total, done + file.header.chunk_bytes);
  }
  if (progress != nullptr) progress(context, done, total);
  return {};
}

Status Load(std::span<const std::byte> bytes, const OpenOptions& options, Model::Impl* impl,
            ErrorDetail* detail) {
  const bool compressed = format::IsCompressed(bytes);
  if (compressed) {
    QUANTA_TRY(Restore(bytes, impl, detail));
    bytes = impl->restored.bytes();
    impl->mapped = platform::MappedFile();
  }
  QUANTA_TRY(CheckAligned(bytes, detail));
  QUANTA_ASSIGN(impl->file, format::Read(bytes, detail));
  if (!options.require_signature.empty()) {
    QUANTA_TRY(format::CheckSignature(impl->file.seal, options.require_signature, detail));
  }
  // Restore has hashed the data of a compressed file already.
  if (options.verify_data && !compressed) {
    QUANTA_TRY(CheckData(impl->file, detail, nullptr, nullptr));
  }
  return impl->Finish(kernels::Best(), detail);
}

}  // namespace

Result<std::unique_ptr<Model::Impl>> Model::Impl::Create() {
  std::unique_ptr<Impl> impl(new (std::nothrow) Impl);
  if (impl == nullptr) return Status(Code::kOutOfMemory, "the heap is exhausted");
  return impl;
}

Status Model::Impl::Finish(const kernels::KernelTable& table, ErrorDetail* detail) {
  kernels = &table;
  QUANTA_TRY(llm::BindWeights(file, table, &weights, detail));
  QUANTA_ASSIGN(tokenizer, text::CreateTokenizer(file.header.tokenizer, detail));
  info = Describe(file, !restored.bytes().empty());
  info.kernels = table.name;
  return {};
}

Result<Model> Model::Open(const char* path, const OpenOptions& options, ErrorDetail* detail) {
  QUANTA_ASSIGN(std::unique_ptr<Impl> impl, Impl::Create());
  QUANTA_ASSIGN(impl->mapped, platform::MappedFile::Open(path, detail, platform::Pages::kLarge));
  QUANTA_TRY(Load(impl->mapped.bytes(), options, impl.get(), detail));
  return Model(std::move(impl));
}

Result<Model> Model::Open(std::span<const std::byte> bytes, const OpenOptions& options,
                          ErrorDetail* detail) {
  QUANTA_ASSIGN(std::unique_ptr<Impl> impl, Impl::Create());
  QUANTA_TRY(Load(bytes, options, impl.get(), detail));
  return Model(std::move(impl));
}

Model::Model(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Model::Model(Model&&) noexcept = default;
Model& Model::operator=(Model&&) noexcept = default;
Model::~Model() = default;

const ModelInfo& Model::info() const { return impl_->info; }
const Tokenizer& Model::tokenizer() const { return *impl_->tokenizer; }

Status Model::VerifyData(ErrorDetail* detail, Progress progress, void* context) const {
  return CheckData(impl_->file, detail, progress, context);
}

}  // namespace quanta
