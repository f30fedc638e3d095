// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace quanta::converter {

/// A file in a zip archive that is stored as it is, not compressed.
struct ZipEntry {
  std::string name;
  std::span<const std::byte> bytes;  ///< in the archive's
  uint32_t crc32 = 0;                ///< that `bytes` should have
};

/// The entries of the archive `file`, which came from `place`, in the order of its
/// directory; zip64 or not (PKWARE's APPNOTE.TXT 6.3). After that every entry's bytes
/// lie in the file; their checksums are not yet checked.
/// Memory: proportional to the directory.
/// Throws Error(kCorrupt), and kUnsupported for compressed or encrypted entries.
std::vector<ZipEntry> ReadZip(std::span<const std::byte> file, std::string_view place);

/// The name of the first file in what may be a zip archive's beginning; else empty.
std::string_view FirstZipName(std::span<const std::byte> file);

/// CRC-32 as zip has it (reflected polynomial 0xEDB88320) of what `before` is the checksum
/// of, followed by `bytes`.
uint32_t Crc32(std::span<const std::byte> bytes, uint32_t before = 0);

}  // namespace quanta::converter
