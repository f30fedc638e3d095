// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace quanta::converter {

/// How a checkpoint stores numbers: one by one, or in blocks that share scales.
/// Little-endian, at any alignment. Wider numbers are rounded to f32.
struct ElementType {
  std::string_view name;  ///< as the formats write it: "F32", "BF16", "Q4_0"
  uint32_t block;         ///< numbers stored together; a row is whole blocks
  uint32_t block_bytes;
  bool fits_f16;  ///< f16 holds every value exactly
  void (*widen)(const std::byte* from, size_t blocks, float* to);
  /// Rounds to the nearest; null for a type that is only read.
  void (*narrow)(const float* from, size_t blocks, std::byte* to);

  /// Of `count` numbers, whole blocks.
  uint64_t Bytes(uint64_t count) const { return count / block * block_bytes; }
};

/// The type of that name, or null.
const ElementType* FindElementType(std::string_view name);

/// "F32, F16, BF16, F64": for messages.
std::string ElementTypeNames();

}  // namespace quanta::converter
