// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <span>

#include "quanta/status.h"

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

}  // namespace quanta::format
