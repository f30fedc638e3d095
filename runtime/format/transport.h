// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>

#include "quanta/status.h"
#include "runtime/core/array.h"
#include "runtime/format/model_view.h"

struct ZSTD_DCtx_s;  // zstd.h stays private to this folder

/// The compressed transport of a .qfb file: a plain sequence of Zstandard frames,
/// so that `zstd -d` restores the very file, its hashes and signature included.
///   frame 0: skippable (magic 0x184D2A51): "QFBZ", u32 version, u64 file bytes,
///            u64 prefix bytes (header + seal + padding = data_offset), u32 chunk bytes,
///            u32 frame count, u32 compressed bytes of each frame
///   frame 1: the file's [0, data_offset); then one frame per chunk of data.
namespace quanta::format {

/// Whether `bytes` begins like a compressed transport.
bool IsCompressed(std::span<const std::byte> bytes);

/// The size of the file that `bytes` restores to, after checking the index against
/// the size of `bytes`. Errors: kCorrupt, kUnsupported.
Result<uint64_t> RestoredBytes(std::span<const std::byte> bytes, ErrorDetail* detail);

/// Decompresses into `file` (RestoredBytes long, 64-byte aligned), checking the
/// header and every chunk's hash as it goes. Scratch: one decompression context
/// from the heap. Errors: kCorrupt, kUnverified, kOutOfMemory.
Status Restore(std::span<const std::byte> bytes, std::span<std::byte> file, ErrorDetail* detail);

/// The same piece by piece, for tools that hold no whole file. Piece 0 is
/// [0, data_offset), piece i + 1 is chunk i.
class TransportReader {
 public:
  /// `bytes` must outlive the reader. Errors as RestoredBytes'; kOutOfMemory.
  static Result<TransportReader> Create(std::span<const std::byte> bytes, ErrorDetail* detail);

  uint64_t file_bytes() const { return file_bytes_; }
  uint32_t chunk_bytes() const { return chunk_bytes_; }
  size_t pieces() const { return starts_.size() - 1; }
  uint64_t PieceBytes(size_t index) const;

  /// Decompresses one piece; `out` is PieceBytes(index) long. Contents are not hashed
  /// here. Errors: kCorrupt, kOutOfMemory.
  Status Piece(size_t index, std::span<std::byte> out, ErrorDetail* detail);

 private:
  struct FreeContext {
    void operator()(ZSTD_DCtx_s* context) const;
  };

  TransportReader() = default;
  std::span<const std::byte> bytes_;
  uint64_t file_bytes_ = 0, prefix_bytes_ = 0;
  uint32_t chunk_bytes_ = 0;
  Array<uint64_t> starts_;  ///< [pieces + 1], of each frame in bytes_
  std::unique_ptr<ZSTD_DCtx_s, FreeContext> context_;
};

/// The frames are the chunks of the header that piece 0 holds. Errors: kCorrupt.
Status CheckTransport(const TransportReader& reader, const Header& header, ErrorDetail* detail);

}  // namespace quanta::format
