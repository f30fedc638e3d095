// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace quanta::converter {

/// One entry of a safetensors header.
struct SafetensorsEntry {
  std::string name;
  std::string dtype;            ///< as written: "F32", "BF16" ...
  std::vector<uint64_t> shape;  ///< empty: a scalar
  uint64_t begin = 0, end = 0;  ///< bytes of the data section
};

struct SafetensorsHeader {
  std::vector<SafetensorsEntry> entries;  ///< ascending by `begin`
  size_t data_begin = 0;                  ///< of the data section in the file
};

/// Largest header that is read, as in the format's own library.
inline constexpr uint64_t kMaxSafetensorsHeader = 100'000'000;

/// Reads the header of the safetensors file `file`, which came from `place`. After
/// that every entry's bytes lie in the file, are as many as dtype and shape say, and
/// the entries cover the data section once, without holes.
/// Memory: proportional to the header.
/// Throws Error(kCorrupt, kUnsupported).
SafetensorsHeader ParseSafetensors(std::span<const std::byte> file, std::string_view place);

/// What a safetensors file begins with, the data section following: the length of the header
/// and the header, filled up so that the data begins aligned. `entries` cover the data section
/// in order.
std::string WriteSafetensorsHeader(std::span<const SafetensorsEntry> entries);

/// Bytes an element of `dtype` takes; 0 for a name that this version does not know.
size_t SafetensorsDtypeBytes(std::string_view dtype);

}  // namespace quanta::converter
