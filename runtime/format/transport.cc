// SPDX-License-Identifier: MIT
#include "runtime/format/transport.h"

#include <zstd.h>

#include "runtime/format/bytes.h"
#include "runtime/format/limits.h"
#include "runtime/format/reader.h"

namespace quanta::format {
namespace {

using ull = unsigned long long;

constexpr uint32_t kSkippableMagic = 0x184D2A51;
constexpr size_t kFrameHeader = 8;   // magic, payload size
constexpr size_t kIndexFields = 32;  // the payload before the frame sizes
constexpr uint32_t kVersion = 1;

/// The index as it stands in frame 0.
struct Index {
  uint32_t payload, version, chunk_bytes, frames;
  uint64_t file_bytes, prefix_bytes;
};

Index LoadIndex(std::span<const std::byte> bytes) {
  return {.payload = Load<uint32_t>(bytes, 4),
          .version = Load<uint32_t>(bytes, 12),
          .chunk_bytes = Load<uint32_t>(bytes, 32),
          .frames = Load<uint32_t>(bytes, 36),
          .file_bytes = Load<uint64_t>(bytes, 16),
          .prefix_bytes = Load<uint64_t>(bytes, 24)};
}

uint64_t IndexBytes(uint64_t frames) { return kFrameHeader + kIndexFields + 4 * frames; }

/// The claimed sizes agree with each other.
Status CheckClaims(const Index& index, ErrorDetail* detail) {
  const bool sane = index.prefix_bytes % kAlign == 0 && index.prefix_bytes > 0 &&
                    index.prefix_bytes <= index.file_bytes &&
                    index.prefix_bytes <= uint64_t{kMaxHeaderBytes} + 2 * kMaxGapBytes &&
                    index.chunk_bytes >= kMinChunkBytes && index.chunk_bytes <= kMaxChunkBytes;
  if (!sane) {
    return Corrupt(detail, "compressed index: %llu file bytes, %llu prefix bytes, %u chunk bytes",
                   static_cast<ull>(index.file_bytes), static_cast<ull>(index.prefix_bytes),
                   index.chunk_bytes);
  }
  const uint64_t data = index.file_bytes - index.prefix_bytes;
  const uint64_t chunks = data / index.chunk_bytes + (data % index.chunk_bytes != 0);
  if (index.frames != chunks + 1 || index.payload + kFrameHeader != IndexBytes(index.frames)) {
    return Corrupt(detail, "compressed index: %u frames in %u bytes, expected %llu", index.frames,
                   index.payload, static_cast<ull>(chunks + 1));
  }
  return {};
}

Status CheckVersion(uint32_t version, ErrorDetail* detail) {
  if (version == kVersion) return {};
  return Fail(detail, Code::kUnsupported, "the compressed model is newer than this program",
              "its transport has version %u, this program reads version %u; update quanta", version,
              kVersion);
}

Status CheckRatio(uint64_t file_bytes, uint64_t compressed, ErrorDetail* detail) {
  if (file_bytes / kMaxCompression <= compressed) return {};
  return Corrupt(detail, "%llu bytes claim to hold %llu: more than compression can do with a model",
                 static_cast<ull>(compressed), static_cast<ull>(file_bytes));
}

}  // namespace

bool IsCompressed(std::span<const std::byte> bytes) {
  return bytes.size() >= kFrameHeader + 4 && Load<uint32_t>(bytes, 0) == kSkippableMagic &&
         StartsWith(bytes.subspan(kFrameHeader), "QFBZ", 4);
}

Result<TransportReader> TransportReader::Create(std::span<const std::byte> bytes,
                                                ErrorDetail* detail) {
  if (!IsCompressed(bytes)) return Corrupt(detail, "not a compressed .qfb model");
  if (bytes.size() < IndexBytes(0)) {
    return Corrupt(detail, "file is truncated: %zu bytes, within its index", bytes.size());
  }
  const Index index = LoadIndex(bytes);
  QUANTA_TRY(CheckVersion(index.version, detail));
  QUANTA_TRY(CheckClaims(index, detail));
  const uint64_t index_bytes = IndexBytes(index.frames);
  if (bytes.size() < index_bytes) {
    return Corrupt(detail, "file is truncated: %zu bytes, within its index", bytes.size());
  }
  TransportReader reader;
  reader.bytes_ = bytes;
  reader.file_bytes_ = index.file_bytes;
  reader.prefix_bytes_ = index.prefix_bytes;
  reader.chunk_bytes_ = index.chunk_bytes;
  QUANTA_ASSIGN(reader.starts_, Array<uint64_t>::Create(size_t{index.frames} + 1));
  uint64_t end = index_bytes;
  for (size_t i = 0; i < index.frames; ++i) {
    reader.starts_[i] = end;
    end += Load<uint32_t>(bytes, kFrameHeader + kIndexFields + 4 * i);
  }
  reader.starts_[index.frames] = end;
  if (end != bytes.size()) {
    return Corrupt(detail,
                   end > bytes.size() ? "file is truncated: %zu bytes of %llu"
                                      : "the file has %zu bytes, its frames take %llu",
                   bytes.size(), static_cast<ull>(end));
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
