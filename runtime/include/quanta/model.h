// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>

#include "quanta/status.h"
#include "quanta/tokenizer.h"

namespace quanta {

struct OpenOptions {
  /// Ed25519 public key (32 bytes): refuse a file not signed with it. Empty: any.
  std::span<const uint8_t> require_signature;
  /// Hash all tensor data while opening, instead of the header alone.
  bool verify_data = false;
};

/// What people ask about a model. Strings point into the model.
struct ModelInfo {
  std::string_view family, source, license, quantization, tool;
  uint32_t layers, hidden, heads, kv_heads, head_dim, ffn, vocab, context;
  uint64_t parameters;    ///< elements of all tensors
  uint64_t data_bytes;    ///< of all tensors, padding included
  uint64_t decode_bytes;  ///< weight bytes read to decode one token
  uint64_t file_bytes;    ///< uncompressed
  bool compressed;        ///< the file was; its data then lies on the heap
  bool is_signed;
  uint8_t public_key[32];  ///< of the signature, if is_signed
  bool has_chat_template;
  bool has_self_test;
  std::string_view kernels;  ///< the instruction set in use on this CPU, e.g. "avx2"
};

/// A model file: mapped, validated, immutable; any number of sessions, on any
/// number of threads, may share one and must not outlive it.
class Model {
 public:
  /// Maps `path`. A compressed file is decompressed into memory and verified.
  /// Errors: kNotFound, kIo, kCorrupt, kUnsupported, kUnverified, kOutOfMemory.
  static Result<Model> Open(const char* path, const OpenOptions& options = {},
                            ErrorDetail* detail = nullptr);
  /// The same over caller-owned bytes, which must outlive the model; an
  /// uncompressed file must be 64-byte aligned (else kInvalidArgument).
  static Result<Model> Open(std::span<const std::byte> bytes, const OpenOptions& options = {},
                            ErrorDetail* detail = nullptr);

  Model(Model&&) noexcept;
  Model& operator=(Model&&) noexcept;
  ~Model();

  const ModelInfo& info() const;
  const Tokenizer& tokenizer() const;

  /// Hashes every chunk of tensor data. `progress` may be null; returning false
  /// cancels. Errors: kUnverified (the detail names the chunk), kCancelled.
  using Progress = bool (*)(void* context, uint64_t done_bytes, uint64_t total_bytes);
  Status VerifyData(ErrorDetail* detail = nullptr, Progress progress = nullptr,
                    void* context = nullptr) const;

  struct Impl;  ///< the runtime's own
  const Impl& impl() const { return *impl_; }

 private:
  explicit Model(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace quanta
