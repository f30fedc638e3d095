// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace quanta::converter::testing {

/// The bytes of a number as files have it.
template <class T>
std::string Raw(T value) {
  return {reinterpret_cast<const char*>(&value), sizeof(value)};
}

/// Makes GGUF files for tests, right ones and wrong ones. Written after ggml's docs/gguf.md,
/// on its own: it shares nothing with the reader.
class GgufBuilder {
 public:
  uint32_t version = 3;
  uint32_t alignment = 32;       ///< is written only if it is not 32
  int64_t claimed_tensors = -1;  ///< -1: as many as there are
  int64_t claimed_settings = -1;
  std::string magic = "GGUF";

  GgufBuilder& Text(std::string_view key, std::string_view text);
  GgufBuilder& Texts(std::string_view key, const std::vector<std::string>& texts);
  GgufBuilder& Count(std::string_view key, uint32_t value);
  GgufBuilder& Float(std::string_view key, float value);
  GgufBuilder& Bool(std::string_view key, bool value);
  GgufBuilder& Ints(std::string_view key, const std::vector<int32_t>& values);
  GgufBuilder& Floats(std::string_view key, const std::vector<float>& values);
  /// Any type's number and the bytes that follow it.
  GgufBuilder& Setting(std::string_view key, uint32_t type, std::string_view bytes);

  /// `shape`: outermost first. `type`: ggml's number.
  GgufBuilder& Tensor(std::string_view name, std::vector<uint64_t> shape, uint32_t type,
                      std::string_view bytes);
  GgufBuilder& TensorF32(std::string_view name, std::vector<uint64_t> shape,
                         const std::vector<float>& values);
  /// Moves the last tensor: its directory says `offset`, its bytes stay.
  GgufBuilder& At(uint64_t offset);

  std::string Bytes() const;

 private:
  struct Entry {
    std::string name;
    std::vector<uint64_t> shape;
    uint32_t type;
    uint64_t offset;
  };
  std::string settings_, data_;
  int64_t settings_count_ = 0;
  std::vector<Entry> entries_;
};

}  // namespace quanta::converter::testing
