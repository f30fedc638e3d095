// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

/// Writes NumPy's files, right or wrong.
namespace quanta::converter::testing {

/// An .npy file with this header and these bytes after it.
std::string NpyWithHeader(const std::string& header, const std::string& data, int version = 1);

/// The same as NumPy writes it: {'descr': ..., 'fortran_order': ..., 'shape': (...), }
std::string Npy(const std::string& descr, const std::vector<uint64_t>& shape,
                const std::string& data, bool fortran = false);

/// An array of small f32 numbers that differ from one another.
std::string NpyF32(const std::vector<uint64_t>& shape);
/// A single number as Python writes it.
std::string NpyI64(int64_t value);

struct ZipOptions {
  bool zip64 = false;     ///< sizes and places in zip64 fields
  uint16_t method = 0;    ///< 8: claims to be compressed
  uint16_t flags = 0;     ///< 1: claims to be encrypted
  uint32_t crc_flip = 0;  ///< spoils checksums
  uint64_t grow = 0;      ///< sizes claim that much more
  std::string comment = {};
};
using Files = std::vector<std::pair<std::string, std::string>>;
std::string Zip(const Files& files, const ZipOptions& options = {});

/// The bytes of numbers, as they lie in memory.
template <class T>
std::string BytesOf(const std::vector<T>& numbers) {
  return {reinterpret_cast<const char*>(numbers.data()), numbers.size() * sizeof(T)};
}

}  // namespace quanta::converter::testing
