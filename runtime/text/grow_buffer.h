// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <span>
#include <type_traits>
#include <utility>

#include "quanta/status.h"

namespace quanta::text {

/// A growing array of plain values whose growth can fail: what Encode works in.
template <class T>
class GrowBuffer {
  static_assert(std::is_trivially_copyable_v<T>);

 public:
  GrowBuffer() = default;
  ~GrowBuffer() { std::free(data_); }
  GrowBuffer(GrowBuffer&& other) noexcept { Swap(other); }
  GrowBuffer& operator=(GrowBuffer&& other) noexcept {
    Swap(other);
    return *this;
  }
  GrowBuffer(const GrowBuffer&) = delete;
  GrowBuffer& operator=(const GrowBuffer&) = delete;

  T* data() { return data_; }
  const T* data() const { return data_; }
  size_t size() const { return size_; }
  void Clear() { size_ = 0; }

  /// Room for `more` elements after the present ones. Errors: kOutOfMemory; contents stay.
  Status Reserve(size_t more) {
    if (more <= capacity_ - size_) return Status();
    if (more > PTRDIFF_MAX / sizeof(T) - size_) return Exhausted();
    const size_t most = PTRDIFF_MAX / sizeof(T);
    size_t wanted = capacity_ > most / 2 ? most : capacity_ * 2;
    if (wanted < size_ + more) wanted = size_ + more;
    void* grown = std::realloc(data_, wanted * sizeof(T));
    if (grown == nullptr) return Exhausted();
    data_ = static_cast<T*>(grown);
    capacity_ = wanted;
    return Status();
  }

  /// Sets the size, for which there must be room; new elements are not initialised.
  void SetSize(size_t size) {
    QUANTA_DCHECK(size <= capacity_);
    size_ = size;
  }

  Status Append(T value) {
    QUANTA_TRY(Reserve(1));
    data_[size_++] = value;
    return Status();
  }
  Status Append(std::span<const T> values) {
    if (values.empty()) return Status();
    QUANTA_TRY(Reserve(values.size()));
    std::memcpy(data_ + size_, values.data(), values.size_bytes());
    size_ += values.size();
    return Status();
  }

 private:
  static Status Exhausted() { return Status(Code::kOutOfMemory, "the heap is exhausted"); }
  void Swap(GrowBuffer& other) {
    std::swap(data_, other.data_);
    std::swap(size_, other.size_);
    std::swap(capacity_, other.capacity_);
  }

  T* data_ = nullptr;
  size_t size_ = 0;
  size_t capacity_ = 0;
};

using TextBuffer = GrowBuffer<char>;

}  // namespace quanta::text
