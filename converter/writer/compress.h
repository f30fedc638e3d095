// SPDX-License-Identifier: MIT
#pragma once

#include <string>

#include "quanta/status.h"

/// Compressed transport of a whole file (runtime/format/transport.h).
namespace quanta::writer {

inline constexpr int kDefaultLevel = 9;  ///< of zstd, 1 to 19

/// Writes the compressed transport of the model at `in` to `out`, atomically, and checks
/// that it restores. Memory: a chunk. Errors: the reader's, kInvalidArgument (level, or
/// already compressed), kIo, kNoSpace.
Status CompressFile(const std::string& in, const std::string& out, int level, ErrorDetail* detail);

/// The inverse. Errors: kInvalidArgument (not compressed), kCorrupt, kUnverified, kIo,
/// kNoSpace.
Status DecompressFile(const std::string& in, const std::string& out, ErrorDetail* detail);

}  // namespace quanta::writer
