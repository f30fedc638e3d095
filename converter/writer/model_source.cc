// SPDX-License-Identifier: MIT
#include "converter/writer/model_source.h"

#include <algorithm>
#include <utility>

namespace quanta::writer {

Result<ModelSource> ModelSource::Open(const std::string& path, ErrorDetail* detail) {
  ModelSource source;
  QUANTA_ASSIGN(source.mapped_, platform::MappedFile::Open(path.c_str(), detail));
  const auto bytes = source.mapped_.bytes();
  if (format::IsCompressed(bytes)) {
    QUANTA_TRY(source.OpenCompressed(detail));
    return source;
  }
  QUANTA_ASSIGN(source.file_, format::Read(bytes, detail));
  source.prefix_ = bytes.first(static_cast<size_t>(source.file_.header.data_offset));
  return source;
}

Status ModelSource::OpenCompressed(ErrorDetail* detail) {
  QUANTA_ASSIGN(transport_, format::TransportReader::Create(mapped_.bytes(), detail));
  prefix_buffer_ = AlignedBuffer(static_cast<size_t>(transport_->PieceBytes(0)));
  QUANTA_TRY(transport_->Piece(0, prefix_buffer_.bytes(), detail));
  prefix_ = prefix_buffer_.bytes();
  QUANTA_ASSIGN(file_, format::ReadPrefix(prefix_, transport_->file_bytes(), detail));
  chunk_buffer_ = AlignedBuffer(file_.header.chunk_bytes);
  return format::CheckTransport(*transport_, file_.header, detail);
}

Result<std::span<const std::byte>> ModelSource::Chunk(size_t index, ErrorDetail* detail) {
  std::span<const std::byte> chunk;
  if (transport_.has_value()) {
    const auto out =
        chunk_buffer_.bytes().first(static_cast<size_t>(transport_->PieceBytes(index + 1)));
    QUANTA_TRY(transport_->Piece(index + 1, out, detail));
    chunk = out;
  } else {
    const size_t chunk_bytes = file_.header.chunk_bytes;
    const auto rest = file_.data.subspan(index * chunk_bytes);
    chunk = rest.first(std::min(chunk_bytes, rest.size()));
  }
  QUANTA_TRY(format::CheckChunk(file_.header, index, chunk, detail));
  return chunk;
}

}  // namespace quanta::writer
