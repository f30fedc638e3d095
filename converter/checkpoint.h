// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "runtime/format/model_view.h"
#include "runtime/platform/platform.h"

namespace quanta::converter {

/// Element types that a reader may hand over. Little-endian, unaligned.
enum class Dtype : uint8_t { kF32, kF16, kBF16 };

const char* DtypeName(Dtype dtype);  ///< "F32", "F16", "BF16"
size_t DtypeBytes(Dtype dtype);

/// A tensor of the model, as the checkpoint holds it.
struct SourceTensor {
  std::string name;   ///< the checkpoint's own
  std::string place;  ///< the file it lies in
  format::Role role = format::Role::kEmbedding;
  int32_t layer = -1;
  Dtype dtype = Dtype::kF32;
  bool matrix = false;               ///< to be quantized; else a vector, which stays f32
  uint32_t rows = 1;                 ///< outputs; 1 for a vector
  uint32_t columns = 0;              ///< inputs
  std::span<const std::byte> bytes;  ///< rows * columns elements, row-major
  bool mapped = false;               ///< `bytes` lie in a mapped file
  /// Applied to the widened values, cut anywhere (a norm stored as gain - 1, say). May
  /// be empty.
  std::function<void(std::span<float>)> transform;

  uint64_t count() const { return uint64_t{rows} * columns; }
};

/// A model as a reader understood it: everything that conversion needs to know, while
/// the weights stay in mapped files. Stays where it is: `architecture` points into it.
struct Checkpoint {
  Checkpoint() = default;
  Checkpoint(const Checkpoint&) = delete;
  Checkpoint& operator=(const Checkpoint&) = delete;

  std::string path;           ///< as the user named it
  std::string source_format;  ///< "huggingface safetensors"
  std::string family;         ///< "llama"
  std::string license;        ///< as the checkpoint states it, or empty
  std::string tokenizer_folder;

  format::Architecture architecture;
  std::deque<std::vector<float>> inv_freqs;  ///< what architecture.ropes point to

  std::vector<SourceTensor> tensors;  ///< in the order in which they are stored
  /// Tensors that are left out on purpose, and why; sentences for the report.
  std::vector<std::string> notes;

  std::vector<platform::MappedFile> files;
};

}  // namespace quanta::converter
