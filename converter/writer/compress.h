// SPDX-License-Identifier: MIT
#pragma once

#include <string>

#include "converter/writer/progress.h"
#include "quanta/status.h"

/// Compressed transport of a whole file (runtime/format/transport.h).
namespace quanta::writer {

inline constexpr int kDefaultLevel = 9;  ///< of zstd
inline constexpr int kMaxLevel = 19;

/// Writes the compressed transport of the model at `in` to `out`, atomically, and checks
/// that it restores. Memory: a chunk. Errors: the reader's, kInvalidArgument (level, or
/// already compressed), kIo, kNoSpace, kCancelled.
Status CompressFile(const std::string& in, const std::string& out, int level, ErrorDetail* detail,
                    const Progress& progress = {});

/// The inverse. Errors: kInvalidArgument (not compressed), kCorrupt, kUnverified, kIo,
/// kNoSpace, kCancelled.
Status DecompressFile(const std::string& in, const std::string& out, ErrorDetail* detail,
                      const Progress& progress = {});

}  // namespace quanta::writer
