// SPDX-License-Identifier: MIT
#pragma once

#include <optional>
#include <string>

#include "converter/writer/aligned_buffer.h"
#include "runtime/format/reader.h"
#include "runtime/format/transport.h"
#include "runtime/platform/platform.h"

namespace quanta::writer {

/// A finished model on disk, compressed or not, read piece by piece; every byte that it
/// hands out has been checked. Memory: the header and one chunk.
class ModelSource {
 public:
  /// Errors: platform::MappedFile::Open's and format::Read's.
  static Result<ModelSource> Open(const std::string& path, ErrorDetail* detail);

  const format::File& file() const { return file_; }  ///< `data` may be empty
  bool compressed() const { return transport_.has_value(); }
  uint64_t file_bytes() const { return file_.header.data_offset + file_.header.data_bytes; }
  size_t chunks() const { return file_.header.chunk_hashes.size(); }

  /// [0, data_offset) of the uncompressed file.
  std::span<const std::byte> prefix() const { return prefix_; }
  /// Chunk `index`, valid until the next call. Errors: kUnverified, kCorrupt, kOutOfMemory.
  Result<std::span<const std::byte>> Chunk(size_t index, ErrorDetail* detail);

 private:
  Status OpenCompressed(ErrorDetail* detail);

  platform::MappedFile mapped_;
  std::optional<format::TransportReader> transport_;
  AlignedBuffer prefix_buffer_, chunk_buffer_;  ///< what `transport_` restores
  std::span<const std::byte> prefix_;
  format::File file_;
};

}  // namespace quanta::writer
