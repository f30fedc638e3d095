// SPDX-License-Identifier: MIT
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <utility>

#include "runtime/core/array.h"

namespace quanta::text {

/// Finds indices into an array that lies elsewhere by the hash of what they stand
/// for: four bytes a slot, half of them empty at least. What an index does not need
/// of its slot's bits holds a piece of the hash, so that a miss rarely looks at the
/// array. Built once, then read only.
class IndexTable {
 public:
  static constexpr uint32_t kNone = UINT32_MAX;

  /// For up to `count` entries with indices below `count`. Errors: kOutOfMemory.
  static Result<IndexTable> Create(size_t count) {
    QUANTA_CHECK(count < UINT32_MAX / 4);
    IndexTable table;
    table.index_bits_ = static_cast<int>(std::bit_width(count));
    const size_t slots = std::bit_ceil(2 * count + 2);
    table.shift_ = 64 - std::countr_zero(slots);
    table.mask_ = slots - 1;
    QUANTA_ASSIGN(table.slots_, Array<uint32_t>::Create(slots));
    return table;
  }

  /// The index among those under `hash` for which `same(index)`, or kNone.
  template <class Same>
  uint32_t Find(uint64_t hash, Same same) const {
    const uint32_t tag = Tag(hash);
    for (size_t slot = Home(hash); slots_[slot] != 0; slot = (slot + 1) & mask_) {
      const uint32_t found = slots_[slot];
      if ((found & ~IndexMask()) != tag) continue;
      const uint32_t index = (found & IndexMask()) - 1;
      if (same(index)) return index;
    }
    return kNone;
  }

  /// Adds `index`, or puts it in the place of one that is the same.
  /// Errors: kCorrupt if so many hashes collide that it cannot be chance.
  template <class Same>
  Status Insert(uint64_t hash, uint32_t index, Same same) {
    constexpr int kMostProbes = 1024;
    const uint32_t entry = (index + 1) | Tag(hash);
    size_t slot = Home(hash);
    for (int probe = 0; probe < kMostProbes; ++probe, slot = (slot + 1) & mask_) {
      const uint32_t found = slots_[slot];
      if (found == 0 ||
          ((found & ~IndexMask()) == (entry & ~IndexMask()) && same((found & IndexMask()) - 1))) {
        slots_[slot] = entry;
        return Status();
      }
    }
    return Status(Code::kCorrupt, "tokenizer table is made to collide");
  }

 private:
  size_t Home(uint64_t hash) const { return static_cast<size_t>(hash >> shift_); }
  uint32_t IndexMask() const { return (uint32_t{1} << index_bits_) - 1; }
  uint32_t Tag(uint64_t hash) const { return static_cast<uint32_t>(hash) & ~IndexMask(); }

  Array<uint32_t> slots_;
  size_t mask_ = 0;
  int shift_ = 63;
  int index_bits_ = 0;
};

}  // namespace quanta::text
