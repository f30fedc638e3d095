// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "converter/tensor_source.h"

namespace quanta::converter {

/// An array as NumPy's .npy format describes it, versions 1 to 3 (NEP 1).
struct NpyArray {
  std::string dtype;                 ///< "F64", "F32", "F16", "I64", "U8", "BOOL" ...
  std::vector<uint64_t> shape;       ///< empty: a single number
  bool fortran = false;              ///< the first index varies fastest
  std::span<const std::byte> bytes;  ///< as many as dtype and shape say, little-endian
};

/// Reads the .npy file `file`, called `name` inside `place`.
/// Throws Error: kCorrupt, and kUnsupported for big-endian numbers, Python objects
/// (pickles, which can run code), text, complex numbers and records.
NpyArray ParseNpy(std::span<const std::byte> file, std::string_view place, std::string_view name);

/// The number in an integer array that holds one. Throws Error(kCorrupt).
int64_t ReadInteger(const NpyArray& array, std::string_view place, std::string_view name);

/// The numbers of a matrix of a float dtype, row by row; `transposed`: column by column. It
/// must lie in a mapped file if they are to be released.
TensorSourcePtr ReadMatrix(const NpyArray& array, bool transposed);

}  // namespace quanta::converter
