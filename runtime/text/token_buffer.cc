// SPDX-License-Identifier: MIT
#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <utility>

#include "quanta/tokenizer.h"

namespace quanta {

TokenBuffer::~TokenBuffer() { std::free(data_); }

TokenBuffer::TokenBuffer(TokenBuffer&& other) noexcept
    : data_(std::exchange(other.data_, nullptr)),
      size_(std::exchange(other.size_, 0)),
      capacity_(std::exchange(other.capacity_, 0)) {}

TokenBuffer& TokenBuffer::operator=(TokenBuffer&& other) noexcept {
  std::swap(data_, other.data_);
  std::swap(size_, other.size_);
  std::swap(capacity_, other.capacity_);
  return *this;
}

void TokenBuffer::Truncate(size_t size) {
  QUANTA_CHECK(size <= size_);
  size_ = size;
}

Status TokenBuffer::Append(int32_t id) {
  if (size_ == capacity_) QUANTA_TRY(Grow(1));
  data_[size_++] = id;
  return Status();
}

Status TokenBuffer::Append(std::span<const int32_t> ids) {
  if (ids.empty()) return Status();
  if (ids.size() > capacity_ - size_) {
    // The ids may be our own: growing would pull them away.
    const bool own = data_ != nullptr && ids.data() >= data_ && ids.data() < data_ + capacity_;
    const ptrdiff_t offset = own ? ids.data() - data_ : 0;
    QUANTA_TRY(Grow(ids.size()));
    if (own) ids = {data_ + offset, ids.size()};
  }
  std::memcpy(data_ + size_, ids.data(), ids.size_bytes());
  size_ += ids.size();
  return Status();
}

Status TokenBuffer::Grow(size_t needed) {
  constexpr size_t kMost = PTRDIFF_MAX / sizeof(int32_t);
  if (needed > kMost - size_) return Status(Code::kOutOfMemory, "too many token ids");
  const size_t doubled = capacity_ > kMost / 2 ? kMost : capacity_ * 2;
  const size_t wanted = std::max({size_ + needed, doubled, size_t{16}});
  void* grown = std::realloc(data_, wanted * sizeof(int32_t));
  if (grown == nullptr) return Status(Code::kOutOfMemory, "the heap is exhausted");
  data_ = static_cast<int32_t*>(grown);
  capacity_ = wanted;
  return Status();
}

}  // namespace quanta
