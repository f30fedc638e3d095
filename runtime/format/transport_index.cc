// SPDX-License-Identifier: MIT
#include "runtime/format/transport_index.h"

#include "runtime/format/bytes.h"
#include "runtime/format/limits.h"
#include "runtime/format/transport.h"

namespace quanta::format {
namespace {

using ull = unsigned long long;

constexpr uint32_t kSkippableMagic = 0x184D2A51;
constexpr uint32_t kVersion = 1;
constexpr char kName[] = {'Q', 'F', 'B', 'Z'};

// Offsets in frame 0.
enum : size_t {
  kMagicAt = 0,
  kPayloadAt = 4,
  kNameAt = 8,
  kVersionAt = 12,
  kFileBytesAt = 16,
  kPrefixBytesAt = 24,
  kChunkBytesAt = 32,
  kFramesAt = 36,
  kSizesAt = 40,
};
static_assert(IndexBytes(0) == kSizesAt);

template <class T>
void Store(T value, std::span<std::byte> out, size_t offset) {
  std::memcpy(out.subspan(offset, sizeof(T)).data(), &value, sizeof(T));
}

uint64_t Chunks(const TransportIndex& index) {
  const uint64_t data = index.file_bytes - index.prefix_bytes;
  return data / index.chunk_bytes + (data % index.chunk_bytes != 0);
}

Status CheckSizes(const TransportIndex& index, ErrorDetail* detail) {
  constexpr uint64_t kMostPrefix = uint64_t{kMaxHeaderBytes} + 2 * kMaxGapBytes;
  const bool sane = index.prefix_bytes % kAlign == 0 && index.prefix_bytes > 0 &&
                    index.prefix_bytes <= index.file_bytes && index.prefix_bytes <= kMostPrefix &&
                    index.chunk_bytes >= kMinChunkBytes && index.chunk_bytes <= kMaxChunkBytes;
  if (sane) return {};
  return Corrupt(detail, "compressed index: %llu file bytes, %llu prefix bytes, %u chunk bytes",
                 static_cast<ull>(index.file_bytes), static_cast<ull>(index.prefix_bytes),
                 index.chunk_bytes);
}

}  // namespace

bool IsCompressed(std::span<const std::byte> bytes) {
  return bytes.size() >= kVersionAt && Load<uint32_t>(bytes, kMagicAt) == kSkippableMagic &&
         StartsWith(bytes.subspan(kNameAt), kName, sizeof(kName));
}

Result<TransportIndex> LoadIndex(std::span<const std::byte> bytes, ErrorDetail* detail) {
  if (!IsCompressed(bytes)) return Corrupt(detail, "not a compressed .qfb model");
  if (bytes.size() < kSizesAt) {
    return Corrupt(detail, "file is truncated: %zu bytes, within its index", bytes.size());
  }
  const auto version = Load<uint32_t>(bytes, kVersionAt);
  if (version > kVersion) {
    return Fail(detail, Code::kUnsupported, "the compressed model is newer than this program",
                "its transport has version %u, this program reads version %u; update quanta",
                version, kVersion);
  }
  const TransportIndex index{.file_bytes = Load<uint64_t>(bytes, kFileBytesAt),
                             .prefix_bytes = Load<uint64_t>(bytes, kPrefixBytesAt),
                             .chunk_bytes = Load<uint32_t>(bytes, kChunkBytesAt),
                             .frames = Load<uint32_t>(bytes, kFramesAt)};
  QUANTA_TRY(CheckSizes(index, detail));
  const auto payload = Load<uint32_t>(bytes, kPayloadAt);
  if (index.frames != Chunks(index) + 1 ||
      uint64_t{payload} + kNameAt != IndexBytes(index.frames)) {
    return Corrupt(detail, "compressed index: %u frames in %u bytes, expected %llu", index.frames,
                   payload, static_cast<ull>(Chunks(index) + 1));
  }
  if (bytes.size() < IndexBytes(index.frames)) {
    return Corrupt(detail, "file is truncated: %zu bytes, within its index", bytes.size());
  }
  return index;
}

uint32_t LoadFrameBytes(std::span<const std::byte> bytes, size_t frame) {
  return Load<uint32_t>(bytes, kSizesAt + 4 * frame);
}

void StoreIndex(const TransportIndex& index, std::span<const uint32_t> sizes,
                std::span<std::byte> out) {
  QUANTA_CHECK(out.size() == IndexBytes(sizes.size()) && sizes.size() == index.frames);
  Store(kSkippableMagic, out, kMagicAt);
  Store(static_cast<uint32_t>(out.size() - kNameAt), out, kPayloadAt);
  std::memcpy(out.data() + kNameAt, kName, sizeof(kName));
  Store(kVersion, out, kVersionAt);
  Store(index.file_bytes, out, kFileBytesAt);
  Store(index.prefix_bytes, out, kPrefixBytesAt);
  Store(index.chunk_bytes, out, kChunkBytesAt);
  Store(index.frames, out, kFramesAt);
  std::memcpy(out.data() + kSizesAt, sizes.data(), sizes.size_bytes());
}

Status CheckRatio(uint64_t file_bytes, uint64_t compressed_bytes, ErrorDetail* detail) {
  if (file_bytes / kMaxCompression <= compressed_bytes) return {};
  return Corrupt(detail, "%llu bytes claim to hold %llu: more than %llu times as many",
                 static_cast<ull>(compressed_bytes), static_cast<ull>(file_bytes),
                 static_cast<ull>(kMaxCompression));
}

}  // namespace quanta::format
