// SPDX-License-Identifier: MIT
#include "runtime/format/bytes.h"
#include "runtime/format/limits.h"
#include "runtime/format/validate.h"

namespace quanta::format {
namespace {

using ull = unsigned long long;

Status ValidateChunks(const Header& h, ErrorDetail* detail) {
  if (h.chunk_bytes < kMinChunkBytes || h.chunk_bytes > kMaxChunkBytes ||
      h.chunk_bytes % kAlign != 0) {
    return Corrupt(detail, "chunk_bytes is %u, expected a multiple of 64 up to %u", h.chunk_bytes,
                   kMaxChunkBytes);
  }
  const uint64_t expected = h.data_bytes / h.chunk_bytes + (h.data_bytes % h.chunk_bytes != 0);
  if (h.chunk_hashes.size() != expected) {
    return Corrupt(detail, "%zu chunk hashes, %llu bytes of data need %llu", h.chunk_hashes.size(),
                   static_cast<ull>(h.data_bytes), static_cast<ull>(expected));
  }
  return {};
}

}  // namespace

Status ValidateData(const Header& h, uint64_t prefix, uint64_t file_bytes, ErrorDetail* detail) {
  if (h.data_offset % kAlign != 0 || h.data_offset < prefix ||
      h.data_offset - prefix > kMaxGapBytes) {
    return Corrupt(detail, "data_offset is %llu, the seal ends at %llu",
                   static_cast<ull>(h.data_offset), static_cast<ull>(prefix));
  }
  uint64_t end = 0;
  if (__builtin_add_overflow(h.data_offset, h.data_bytes, &end)) {
    return Corrupt(detail, "data_bytes is %llu", static_cast<ull>(h.data_bytes));
  }
  if (file_bytes < end) {
    return Corrupt(detail, "file is truncated: %llu bytes of %llu", static_cast<ull>(file_bytes),
                   static_cast<ull>(end));
  }
  if (file_bytes > end) {
    return Corrupt(detail, "%llu bytes follow the end of the data at %llu",
                   static_cast<ull>(file_bytes - end), static_cast<ull>(end));
  }
  return ValidateChunks(h, detail);
}

}  // namespace quanta::format
