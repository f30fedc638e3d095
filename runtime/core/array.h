// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <memory>
#include <new>
#include <span>
#include <type_traits>
#include <utility>

#include "quanta/status.h"

namespace quanta {

/// A heap array of fixed length whose allocation can fail without exceptions:
/// std::vector would abort in this build. For what is sized while opening a
/// model; nothing here runs while decoding.
template <class T>
class Array {
 public:
  Array() = default;

  /// `count` value-initialised elements, or kOutOfMemory.
  static Result<Array> Create(size_t count) {
    Array array;
    if (count == 0) return array;
    if (count > PTRDIFF_MAX / sizeof(T)) return Status(Code::kOutOfMemory, "array is too large");
    array.data_.reset(new (std::nothrow) T[count]());
    if (array.data_ == nullptr) return Status(Code::kOutOfMemory, "the heap is exhausted");
    array.size_ = count;
    return array;
  }

  Array(Array&& other) noexcept
      : data_(std::move(other.data_)), size_(std::exchange(other.size_, 0)) {}
  Array& operator=(Array&& other) noexcept {
    data_ = std::move(other.data_);
    size_ = std::exchange(other.size_, 0);
    return *this;
  }

  size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }
  T* data() { return data_.get(); }
  const T* data() const { return data_.get(); }
  T& operator[](size_t i) {
    QUANTA_DCHECK(i < size_);
    return data_[i];
  }
  const T& operator[](size_t i) const {
    QUANTA_DCHECK(i < size_);
    return data_[i];
  }
  T* begin() { return data_.get(); }
  T* end() { return data_.get() + size_; }
  const T* begin() const { return data_.get(); }
  const T* end() const { return data_.get() + size_; }
  std::span<const T> span() const { return {data_.get(), size_}; }

 private:
  std::unique_ptr<T[]> data_;
  size_t size_ = 0;
};

}  // namespace quanta
