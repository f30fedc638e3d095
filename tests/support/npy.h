// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <string>
#include <vector>

/// Reads the little-endian NumPy files of the fixtures: version 1, C order.
namespace quanta::testing {

template <class T>
struct NpyArray {
  std::vector<size_t> shape;
  std::vector<T> values;  ///< empty: the file could not be read as T
};

template <class T>
constexpr const char* NpyType();
template <>
constexpr const char* NpyType<float>() {
  return "'<f4'";
}
template <>
constexpr const char* NpyType<int64_t>() {
  return "'<i8'";
}

inline std::vector<char> ReadWholeFile(const std::string& path) {
  std::vector<char> bytes;
  std::FILE* file = std::fopen(path.c_str(), "rb");
  if (file == nullptr) return bytes;
  char block[1 << 16];
  for (size_t got; (got = std::fread(block, 1, sizeof(block), file)) != 0;) {
    bytes.insert(bytes.end(), block, block + got);
  }
  std::fclose(file);
  return bytes;
}

template <class T>
NpyArray<T> ReadNpy(const std::string& path) {
  NpyArray<T> array;
  const std::vector<char> bytes = ReadWholeFile(path);
  constexpr size_t kPrefix = 10;
  if (bytes.size() < kPrefix || std::memcmp(bytes.data(), "\x93NUMPY\x01", 7) != 0) return array;
  const size_t header_size =
      static_cast<unsigned char>(bytes[8]) + 256u * static_cast<unsigned char>(bytes[9]);
  if (bytes.size() < kPrefix + header_size) return array;
  const std::string header(bytes.data() + kPrefix, header_size);
  if (header.find(NpyType<T>()) == std::string::npos ||
      header.find("'fortran_order': False") == std::string::npos) {
    return array;
  }
  size_t count = 1;
  size_t at = header.find("'shape': (") + 10;
  while (at < header.size() && header[at] != ')') {
    size_t dimension = 0;
    while (header[at] >= '0' && header[at] <= '9') {
      dimension = dimension * 10 + static_cast<size_t>(header[at++] - '0');
    }
    array.shape.push_back(dimension);
    count *= dimension;
    while (header[at] == ',' || header[at] == ' ') ++at;
  }
  if (bytes.size() - kPrefix - header_size != count * sizeof(T)) return array;
  array.values.resize(count);
  std::memcpy(array.values.data(), bytes.data() + kPrefix + header_size, count * sizeof(T));
  return array;
}

}  // namespace quanta::testing
