// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cstddef>
#include <memory>
#include <new>
#include <span>

#include "runtime/format/limits.h"

namespace quanta::writer {

/// Heap bytes as the reader wants them: 64-byte aligned; zeros at first.
class AlignedBuffer {
 public:
  AlignedBuffer() = default;
  explicit AlignedBuffer(size_t size)
      : block_(static_cast<std::byte*>(::operator new(size, kAlignment))), size_(size) {
    std::fill_n(block_.get(), size_, std::byte{0});
  }
  explicit AlignedBuffer(std::span<const std::byte> bytes) : AlignedBuffer(bytes.size()) {
    std::copy(bytes.begin(), bytes.end(), block_.get());
  }

  std::span<std::byte> bytes() { return {block_.get(), size_}; }
  std::span<const std::byte> bytes() const { return {block_.get(), size_}; }

 private:
  static constexpr std::align_val_t kAlignment{format::kAlign};
  struct Free {
    void operator()(std::byte* block) const { ::operator delete(block, kAlignment); }
  };
  std::unique_ptr<std::byte, Free> block_;
  size_t size_ = 0;
};

}  // namespace quanta::writer
