// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "converter/element_type.h"

/// llama.cpp's container GGUF, versions 2 and 3, little-endian: settings under names, then
/// the directory of the tensors, then their bytes. Source: ggml's docs/gguf.md.
namespace quanta::converter {

/// What begins a file.
inline constexpr std::string_view kGgufMagic = "GGUF";
inline constexpr uint32_t kGgufVersion = 3;  ///< what is written
inline constexpr uint32_t kGgufAlignment = 32;

/// The numbers that files have.
enum class GgufType : uint32_t {
  kUint8,
  kInt8,
  kUint16,
  kInt16,
  kUint32,
  kInt32,
  kFloat32,
  kBool,
  kString,
  kArray,
  kUint64,
  kInt64,
  kFloat64,
};

/// Bytes of a number of that type; 0 for strings and arrays.
size_t GgufTypeBytes(GgufType type);

/// A setting's value; points into the file.
struct GgufValue {
  GgufType type = GgufType::kUint32;  ///< of an array: its elements'
  bool is_array = false;
  uint64_t count = 1;
  std::span<const std::byte> bytes = {};     ///< numbers as they lie, at any alignment
  std::vector<std::string_view> texts = {};  ///< strings

  bool is_text() const { return type == GgufType::kString && !is_array; }
  bool is_texts() const { return type == GgufType::kString && is_array; }
  /// Whether the numbers are whole ones.
  bool is_integer() const;
  /// Number i, which must not be a string. Integers beyond the range are clamped.
  double Number(uint64_t i) const;
  int64_t Integer(uint64_t i) const;
};

/// A tensor, whose bytes lie in the file.
struct GgufTensor {
  std::string name;
  const ElementType* type = nullptr;
  std::vector<uint64_t> shape;  ///< outermost first: [outputs, inputs]; rows are whole blocks
  std::span<const std::byte> bytes;
};

struct GgufFile {
  std::map<std::string, GgufValue, std::less<>> settings;
  std::vector<GgufTensor> tensors;  ///< in the order of the directory

  /// The value under `key`, or null.
  const GgufValue* Find(std::string_view key) const;
};

/// Reads `file`, which came from `place` and must outlive the result. After that every
/// string, array and tensor lies in the file, no tensor overlaps another, and all types are
/// ElementTypes.
/// Memory: proportional to the settings and the directory, and at most a few times them.
/// Throws Error: kCorrupt, kUnsupported (another version, a big-endian file, a type that is
/// not read) naming what.
GgufFile ParseGguf(std::span<const std::byte> file, std::string_view place);

/// ggml's number for an ElementType that GGUF files can hold.
uint32_t GgufTypeNumber(std::string_view element_type);

}  // namespace quanta::converter
