// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "quanta/status.h"
#include "runtime/format/model_view.h"
#include "runtime/format/reader.h"

/// Model files in memory. Part of the library quanta::model_builder, which builds on
/// every target, so that tests can make small models anywhere.
namespace quanta::writer {

inline constexpr uint32_t kDefaultChunkBytes = 1u << 20;

/// Assigns each tensor's `bytes` (from panel and shape) and `offset` (in the order of
/// the directory, 64-byte aligned) and the header's data_bytes and chunk_bytes.
/// Errors: kInvalidArgument if a shape is empty or its size overflows.
Status LayOutData(format::Header* header, uint32_t chunk_bytes, ErrorDetail* detail);

/// The file's first bytes: size prefix and FlatBuffer, of `header` as it is, right or
/// wrong. Every scalar is stored, so that the size depends on the lengths of strings
/// and arrays only.
std::vector<std::byte> SerializeHeader(const format::Header& header);

/// SerializeHeader, then an unsigned seal over it, then zeros up to data_offset, which
/// is set here: the lowest that leaves `slack` bytes between seal and data.
std::vector<std::byte> SerializePrefix(format::Header* header, size_t slack = 0);

/// The same with data_offset as it is. Errors: kLimit if the header does not fit before.
Result<std::vector<std::byte>> SerializePrefixInPlace(const format::Header& header,
                                                      ErrorDetail* detail);

/// A whole file. Lays out the data, hashes it and fills those fields of `header`
/// (chunk_hashes is empty again on return: it would point nowhere). `tensors`: the
/// data of header->tensors[i], exactly PanelBytes long.
/// The reader needs the bytes 64-byte aligned: the caller's matter.
/// Errors: kInvalidArgument.
Result<std::vector<std::byte>> BuildModel(format::Header* header,
                                          std::span<const std::span<const std::byte>> tensors,
                                          ErrorDetail* detail = nullptr,
                                          uint32_t chunk_bytes = kDefaultChunkBytes);

}  // namespace quanta::writer
