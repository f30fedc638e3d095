// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "quanta/status.h"

/// Frame 0 of a compressed transport, byte for byte; for the reader and the writer.
namespace quanta::format {

struct TransportIndex {
  uint64_t file_bytes = 0;
  uint64_t prefix_bytes = 0;
  uint32_t chunk_bytes = 0;
  uint32_t frames = 0;  ///< after frame 0
};

constexpr uint64_t IndexBytes(uint64_t frames) { return 40 + 4 * frames; }

/// The index at the front of `bytes`, its numbers checked against each other; the sizes
/// of the frames follow it. Errors: kCorrupt, kUnsupported.
Result<TransportIndex> LoadIndex(std::span<const std::byte> bytes, ErrorDetail* detail);

uint32_t LoadFrameBytes(std::span<const std::byte> bytes, size_t frame);

/// `out` is IndexBytes(sizes.size()) long.
void StoreIndex(const TransportIndex& index, std::span<const uint32_t> sizes,
                std::span<std::byte> out);

/// A small file may not claim to hold a huge one. Errors: kCorrupt.
Status CheckRatio(uint64_t file_bytes, uint64_t compressed_bytes, ErrorDetail* detail);

}  // namespace quanta::format
