// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <span>

#include "quanta/status.h"
#include "runtime/format/model_view.h"

namespace quanta::format {

/// What lies around the header (docs/format.md, Layout):
///   [0]            u32 size of the FlatBuffer that follows (little-endian), FlatBuffer "QFB1"
///   [seal_offset]  the Seal, 64-byte aligned
///   [data_offset]  tensor data, 64-byte aligned; chunk i is data[i*chunk_bytes ...]
struct Seal {
  static constexpr size_t kBytes = 192;
  Hash256 header_hash;  ///< of the bytes [0, 4 + header size)
  bool is_signed = false;
  uint8_t public_key[32] = {};
  uint8_t signature[64] = {};  ///< of public_key over "quanta.qfb.v1\0" + header_hash
};

struct File {
  Header header;
  Seal seal;
  std::span<const std::byte> data;  ///< the data section
};

/// Reads and checks everything in `bytes` but the tensor data's contents: after an
/// ok() every offset, size, shape, count, enum, index and string may be used blind,
/// each float is finite, and the tensors needed by the architecture are present
/// once, in range, aligned, not overlapping, with the shapes it implies.
///
/// `bytes`: a whole uncompressed file; 64-byte aligned; must outlive the result.
/// Errors:  kCorrupt, kUnsupported (newer reader_version), kUnverified (header
///          hash; a signature that its own key refutes), kOutOfMemory,
///          kInvalidArgument (alignment). `detail` names the field or tensor and the value.
/// Cost:    proportional to the header, independent of the weights.
Result<File> Read(std::span<const std::byte> bytes, ErrorDetail* detail);

/// The same for a file whose data is elsewhere or still to come: `bytes` is its
/// beginning, at least PrefixBytes long (padding beyond that is checked as far as it
/// goes), `file_bytes` its full size. The result's `data` is empty.
Result<File> ReadPrefix(std::span<const std::byte> bytes, uint64_t file_bytes, ErrorDetail* detail);

/// Bytes from the start of a file that hold size prefix, header and seal, from its
/// first bytes (at least 12); for readers that stream. Errors: kCorrupt.
Result<uint64_t> PrefixBytes(std::span<const std::byte> first, ErrorDetail* detail);

/// Checks the seal's signature against `public_key` (32 bytes).
/// Errors: kUnverified if unsigned, signed by another key, or not matching.
Status CheckSignature(const Seal& seal, std::span<const uint8_t> public_key, ErrorDetail* detail);

/// Hashes chunk `index` of the data section. Errors: kUnverified; the detail names
/// the chunk and its byte range in the file.
Status CheckChunk(const File& file, size_t index, ErrorDetail* detail);

/// The same where `chunk` lies elsewhere.
Status CheckChunk(const Header& header, size_t index, std::span<const std::byte> chunk,
                  ErrorDetail* detail);

Hash256 Hash(std::span<const std::byte> bytes);

}  // namespace quanta::format
