// SPDX-License-Identifier: MIT
#include "quanta/arena.h"

namespace quanta {

Status Arena::TakeBytes(size_t bytes, std::byte** block) {
  if (reinterpret_cast<uintptr_t>(base_) % kAlign != 0) {
    return {Code::kInvalidArgument, "arena storage is not 64-byte aligned"};
  }
  size_t padded = 0;
  if (__builtin_add_overflow(bytes, kAlign - 1, &padded)) {
    return {Code::kOutOfMemory, "array size overflows the address space"};
  }
  padded -= padded % kAlign;
  if (padded > capacity_ - used_) return {Code::kOutOfMemory, "arena is too small"};
  *block = measuring_ ? nullptr : base_ + used_;
  used_ += padded;
  return {};
}

}  // namespace quanta
