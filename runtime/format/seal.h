// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "quanta/status.h"
#include "runtime/format/reader.h"

/// The seal's bytes (docs/format.md, Seal); for the reader and the writer.
namespace quanta::format {

inline constexpr size_t kSignedMessageBytes = 14 + 32;

/// What a signature signs.
void SignedMessage(const Hash256& header_hash, std::span<uint8_t, kSignedMessageBytes> out);

void StoreSeal(const Seal& seal, std::span<std::byte, Seal::kBytes> out);

/// Errors: kCorrupt (unknown kind, or set bytes where there should be none).
Status LoadSeal(std::span<const std::byte, Seal::kBytes> bytes, Seal* seal, ErrorDetail* detail);

/// A signed seal's signature matches the key that it names. Errors: kUnverified.
Status CheckSeal(const Seal& seal, ErrorDetail* detail);

}  // namespace quanta::format
