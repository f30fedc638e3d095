// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "converter/gguf/container.h"
#include "converter/json.h"

namespace quanta::converter {

/// What a GGUF file begins with: settings and the directory of its tensors, in the order in
/// which they are added. The tensors' bytes follow in the same order, each with the padding
/// that Padding() says.
class GgufHeader {
 public:
  void Add(std::string_view key, std::string_view text);
  void Add(std::string_view key, const char* text) { Add(key, std::string_view(text)); }
  void Add(std::string_view key, uint32_t number);
  void Add(std::string_view key, float number);
  void Add(std::string_view key, bool flag);
  void Add(std::string_view key, std::span<const std::string> texts);
  void Add(std::string_view key, std::span<const float> numbers);
  void Add(std::string_view key, std::span<const int32_t> numbers);
  /// A string, a flag, a whole number of 32 bits or another number as f32.
  void AddJson(std::string_view key, const Json& value);

  /// `shape`: outermost first; rows are whole blocks of `type`.
  void AddTensor(std::string_view name, std::span<const uint64_t> shape, const ElementType& type);

  /// All of it, padded so that the first tensor may follow.
  std::string Bytes() const;
  /// Of the tensors, each with its padding.
  uint64_t data_bytes() const { return data_bytes_; }
  /// Zeros that follow a tensor of `bytes` bytes.
  static uint64_t Padding(uint64_t bytes) {
    return (kGgufAlignment - bytes % kGgufAlignment) % kGgufAlignment;
  }

 private:
  void Begin(std::string_view key, GgufType type);
  void BeginArray(std::string_view key, GgufType type, size_t count);

  std::string settings_, directory_;
  uint64_t settings_count_ = 0, tensors_ = 0;
  uint64_t data_bytes_ = 0;
};

}  // namespace quanta::converter
