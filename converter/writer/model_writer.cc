// SPDX-License-Identifier: MIT
#include "converter/writer/model_writer.h"

#include <sodium.h>

#include <algorithm>
#include <cstring>
#include <utility>
#include <vector>

#include "converter/writer/aligned_buffer.h"
#include "converter/writer/atomic_file.h"
#include "runtime/format/limits.h"
#include "runtime/format/reader.h"

namespace quanta::writer {
namespace {

/// Hashes a stream chunk by chunk.
class ChunkHasher {
 public:
  explicit ChunkHasher(size_t chunk_bytes) : chunk_bytes_(chunk_bytes) { Restart(); }

  void Add(std::span<const std::byte> bytes) {
    while (!bytes.empty()) {
      const auto part = bytes.first(std::min(bytes.size(), chunk_bytes_ - filled_));
      crypto_generichash_update(&state_, reinterpret_cast<const unsigned char*>(part.data()),
                                part.size());
      filled_ += part.size();
      bytes = bytes.subspan(part.size());
      if (filled_ == chunk_bytes_) EndChunk();
    }
  }

  void Finish() {
    if (filled_ != 0) EndChunk();
  }

  std::span<const format::Hash256> hashes() const { return hashes_; }

 private:
  void Restart() {
    crypto_generichash_init(&state_, nullptr, 0, sizeof(format::Hash256));
    filled_ = 0;
  }

  void EndChunk() {
    format::Hash256 hash;
    crypto_generichash_final(&state_, hash.bytes, sizeof(hash.bytes));
    hashes_.push_back(hash);
    Restart();
  }

  size_t chunk_bytes_;
  size_t filled_ = 0;
  crypto_generichash_state state_;
  std::vector<format::Hash256> hashes_;
};

}  // namespace

struct ModelWriter::Impl {
  AtomicFile file;
  format::Header* header;
  ChunkHasher hasher;
  size_t tensor = 0;       ///< the one that Append fills
  uint64_t in_tensor = 0;  ///< bytes of it that are written

  uint64_t data_bytes() const { return file.written() - header->data_offset; }
  uint64_t file_bytes() const { return header->data_offset + header->data_bytes; }

  Status WriteData(std::span<const std::byte> bytes, ErrorDetail* detail) {
    QUANTA_TRY(file.Write(bytes, detail));
    hasher.Add(bytes);
    return {};
  }

  /// Zeros up to the next tensor.
  Status Pad(ErrorDetail* detail) {
    static constexpr std::byte kZeros[format::kAlign] = {};
    const uint64_t past = data_bytes() % format::kAlign;
    return WriteData(std::span(kZeros).first(past == 0 ? 0 : format::kAlign - past), detail);
  }

  /// The header as it stands, checked as every reader will check it, and its seal.
  Status WritePrefix(ErrorDetail* detail) {
    if (data_bytes() != header->data_bytes) {
      return Fail(detail, Code::kInvalidArgument, "the model's data is incomplete",
                  "%llu bytes of %llu", static_cast<unsigned long long>(data_bytes()),
                  static_cast<unsigned long long>(header->data_bytes));
    }
    hasher.Finish();
    header->chunk_hashes = hasher.hashes();
    QUANTA_ASSIGN(const auto bytes, SerializePrefixInPlace(*header, detail));
    const AlignedBuffer prefix(bytes);
    QUANTA_TRY(format::ReadPrefix(prefix.bytes(), file_bytes(), detail).status());
    return file.WriteAt(0, bytes, detail);
  }
};

Result<ModelWriter> ModelWriter::Create(const std::string& path, format::Header* header,
                                        const WriterOptions& options, ErrorDetail* detail) {
  if (sodium_init() < 0) return Status(Code::kInternal, "libsodium does not start");
  QUANTA_TRY(LayOutData(header, options.chunk_bytes, detail));
  const uint64_t chunks = header->data_bytes / options.chunk_bytes + 1;
  const std::vector<format::Hash256> placeholders(
      static_cast<size_t>(chunks - (header->data_bytes % options.chunk_bytes == 0)));
  header->chunk_hashes = placeholders;
  const std::vector<std::byte> prefix = SerializePrefix(header, options.header_slack);
  header->chunk_hashes = {};

  QUANTA_ASSIGN(AtomicFile file, AtomicFile::Create(path, detail));
  QUANTA_TRY(file.Reserve(header->data_offset + header->data_bytes, detail));
  // Keeps the place; overwritten by WritePrefix.
  const std::vector<std::byte> zeros(prefix.size());
  QUANTA_TRY(file.Write(zeros, detail));
  return ModelWriter(
      std::unique_ptr<Impl>(new Impl{std::move(file), header, ChunkHasher(options.chunk_bytes)}));
}

ModelWriter::ModelWriter(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
ModelWriter::ModelWriter(ModelWriter&&) noexcept = default;
ModelWriter& ModelWriter::operator=(ModelWriter&&) noexcept = default;
ModelWriter::~ModelWriter() = default;

Status ModelWriter::Append(std::span<const std::byte> bytes, ErrorDetail* detail) {
  auto& tensors = impl_->header->tensors;
  while (!bytes.empty()) {
    if (impl_->tensor == tensors.size()) {
      return Fail(detail, Code::kInvalidArgument, "more data than the tensors hold",
                  "%zu bytes too many", bytes.size());
    }
    const uint64_t left = tensors[impl_->tensor].bytes - impl_->in_tensor;
    const auto part = bytes.first(static_cast<size_t>(std::min<uint64_t>(bytes.size(), left)));
    QUANTA_TRY(impl_->WriteData(part, detail));
    bytes = bytes.subspan(part.size());
    impl_->in_tensor += part.size();
    if (part.size() != left) continue;
    QUANTA_TRY(impl_->Pad(detail));
    ++impl_->tensor;
    impl_->in_tensor = 0;
  }
  return {};
}

Status ModelWriter::WriteDraft(ErrorDetail* detail) { return impl_->WritePrefix(detail); }

Status ModelWriter::Finish(ErrorDetail* detail) {
  QUANTA_TRY(impl_->WritePrefix(detail));
  impl_->header->chunk_hashes = {};  // they live here, the header may outlive us
  return impl_->file.Commit(detail);
}

const std::string& ModelWriter::temporary_path() const { return impl_->file.temporary_path(); }
uint64_t ModelWriter::file_bytes() const { return impl_->file_bytes(); }
uint64_t ModelWriter::appended_bytes() const { return impl_->data_bytes(); }

Status WriteModel(const std::string& path, format::Header* header,
                  std::span<const std::span<const std::byte>> tensors, ErrorDetail* detail) {
  QUANTA_ASSIGN(const auto bytes, BuildModel(header, tensors, detail));
  QUANTA_ASSIGN(AtomicFile file, AtomicFile::Create(path, detail));
  QUANTA_TRY(file.Write(bytes, detail));
  return file.Commit(detail);
}

}  // namespace quanta::writer
