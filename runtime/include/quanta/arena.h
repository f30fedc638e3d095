// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <type_traits>

#include "quanta/status.h"

namespace quanta {

/// A bump allocator over one block of caller-owned bytes.
///
/// Two modes share one code path, so that a plan and its execution cannot differ:
///   Arena::Measure() hands out no memory and only adds up what would be taken;
///   Arena(storage) hands out that very layout.
/// Every block starts at a multiple of kAlign, so used() is a multiple of it too and
/// the measured size is exact for storage that is itself kAlign-aligned.
///
/// Ownership: borrows `storage`, which must outlive every span taken from it.
/// Threads:   none; an arena belongs to one session.
class Arena {
 public:
  /// Bytes. A cache line, and the widest vector that is loaded aligned.
  static constexpr size_t kAlign = 64;

  static Arena Measure() { return Arena(); }
  /// `storage` must be kAlign-aligned, else every Take fails with kInvalidArgument.
  explicit Arena(std::span<std::byte> storage)
      : base_(storage.data()), capacity_(storage.size()), measuring_(false) {}

  /// `count` uninitialised elements of T; in Measure mode an empty span.
  /// Errors: kOutOfMemory if they do not fit or their size overflows; the arena
  /// is then as it was.
  template <class T>
  Status Take(size_t count, std::span<T>* out) {
    static_assert(std::is_trivially_copyable_v<T>, "arenas run no constructors or destructors");
    static_assert(alignof(T) <= kAlign);
    size_t bytes = 0;
    if (__builtin_mul_overflow(count, sizeof(T), &bytes)) {
      return {Code::kOutOfMemory, "array size overflows the address space"};
    }
    std::byte* block = nullptr;
    QUANTA_TRY(TakeBytes(bytes, &block));
    *out = block == nullptr ? std::span<T>() : std::span<T>(reinterpret_cast<T*>(block), count);
    return {};
  }

  bool measuring() const { return measuring_; }
  size_t used() const { return used_; }  ///< bytes, a multiple of kAlign

 private:
  Arena() = default;
  Status TakeBytes(size_t bytes, std::byte** block);

  std::byte* base_ = nullptr;
  size_t capacity_ = SIZE_MAX;
  size_t used_ = 0;
  bool measuring_ = true;
};

}  // namespace quanta
