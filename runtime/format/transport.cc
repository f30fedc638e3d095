// SPDX-License-Identifier: MIT
#include "runtime/format/transport.h"

#include <zstd.h>

#include "runtime/format/bytes.h"
#include "runtime/format/reader.h"
#include "runtime/format/transport_index.h"

namespace quanta::format {
namespace {
using ull = unsigned long long;
}

Result<TransportReader> TransportReader::Create(std::span<const std::byte> bytes,
                                                ErrorDetail* detail) {
  QUANTA_ASSIGN(const TransportIndex index, LoadIndex(bytes, detail));
  TransportReader reader;
  reader.bytes_ = bytes;
  reader.file_bytes_ = index.file_bytes;
  reader.prefix_bytes_ = index.prefix_bytes;
  reader.chunk_bytes_ = index.chunk_bytes;
  QUANTA_ASSIGN(reader.starts_, Array<uint64_t>::Create(size_t{index.frames} + 1));
  uint64_t end = IndexBytes(index.frames);
  for (size_t i = 0; i < index.frames; ++i) {
    reader.starts_[i] = end;
    end += LoadFrameBytes(bytes, i);
  }
  reader.starts_[index.frames] = end;
  if (bytes.size() < end) {
    return Corrupt(detail, "file is truncated: %zu bytes of %llu", bytes.size(),
                   static_cast<ull>(end));
  }
  if (bytes.size() > end) {
    return Corrupt(detail, "%llu bytes follow the last compressed frame",
                   static_cast<ull>(bytes.size() - end));
  }
  QUANTA_TRY(CheckRatio(index.file_bytes, end, detail));
  return reader;
}

uint64_t TransportReader::PieceBytes(size_t index) const {
  QUANTA_CHECK(index < pieces());
  if (index == 0) return prefix_bytes_;
  const uint64_t left = file_bytes_ - prefix_bytes_ - uint64_t{index - 1} * chunk_bytes_;
  return left < chunk_bytes_ ? left : chunk_bytes_;
}

Status TransportReader::Piece(size_t index, std::span<std::byte> out, ErrorDetail* detail) {
  QUANTA_CHECK(out.size() == PieceBytes(index));
  if (context_ == nullptr) context_.reset(ZSTD_createDCtx());
  if (context_ == nullptr) return {Code::kOutOfMemory, "the heap is exhausted"};
  const auto begin = static_cast<size_t>(starts_[index]);
  const auto frame = bytes_.subspan(begin, static_cast<size_t>(starts_[index + 1]) - begin);
  const size_t size =
      ZSTD_decompressDCtx(context_.get(), out.data(), out.size(), frame.data(), frame.size());
  if (size == out.size()) return {};
  return Corrupt(detail, "compressed frame %zu (bytes %zu to %zu): %s", index, begin,
                 begin + frame.size(),
                 ZSTD_isError(size) ? ZSTD_getErrorName(size) : "it restores to the wrong size");
}

void TransportReader::FreeContext::operator()(ZSTD_DCtx_s* context) const {
  ZSTD_freeDCtx(context);
}

Result<uint64_t> RestoredBytes(std::span<const std::byte> bytes, ErrorDetail* detail) {
  QUANTA_ASSIGN(const TransportReader reader, TransportReader::Create(bytes, detail));
  return reader.file_bytes();
}

Status CheckTransport(const TransportReader& reader, const Header& header, ErrorDetail* detail) {
  if (header.data_offset == reader.PieceBytes(0) &&
      header.chunk_hashes.size() == reader.pieces() - 1 &&
      (reader.pieces() == 1 || header.chunk_bytes == reader.chunk_bytes())) {
    return {};
  }
  return Corrupt(detail, "compressed index: its frames are not the header's chunks");
}

Status Restore(std::span<const std::byte> bytes, std::span<std::byte> file, ErrorDetail* detail) {
  QUANTA_ASSIGN(TransportReader reader, TransportReader::Create(bytes, detail));
  if (file.size() != reader.file_bytes()) {
    return Fail(detail, Code::kInvalidArgument, "wrong size for the restored model",
                "%zu bytes, expected %llu", file.size(), static_cast<ull>(reader.file_bytes()));
  }
  const auto prefix = file.first(static_cast<size_t>(reader.PieceBytes(0)));
  QUANTA_TRY(reader.Piece(0, prefix, detail));
  QUANTA_ASSIGN(const File view, ReadPrefix(prefix, file.size(), detail));
  QUANTA_TRY(CheckTransport(reader, view.header, detail));
  auto rest = file.subspan(prefix.size());
  for (size_t i = 1; i < reader.pieces(); ++i) {
    const auto chunk = rest.first(static_cast<size_t>(reader.PieceBytes(i)));
    QUANTA_TRY(reader.Piece(i, chunk, detail));
    QUANTA_TRY(CheckChunk(view.header, i - 1, chunk, detail));
    rest = rest.subspan(chunk.size());
  }
  return {};
}

}  // namespace quanta::format
