// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "runtime/text/hash.h"

namespace quanta::train {

/// Two neighbouring tokens as one number, which orders like (left, right).
using Pair = uint64_t;
constexpr Pair MakePair(uint32_t left, uint32_t right) { return uint64_t{left} << 32 | right; }
constexpr uint32_t Left(Pair pair) { return static_cast<uint32_t>(pair >> 32); }
constexpr uint32_t Right(Pair pair) { return static_cast<uint32_t>(pair); }

/// What is known of each pair; grows, forgets nothing.
class PairTable {
 public:
  struct Entry {
    Pair pair = kFree;
    int64_t count = 0;     ///< occurrences in the corpus
    uint32_t waiting = 0;  ///< what the trainer notes about it
  };

  PairTable() : entries_(1 << 16) {}

  /// The entry of `pair`, a new one if need be; valid until the next call.
  Entry& operator[](Pair pair) {
    Entry& entry = entries_[SlotOf(pair)];
    if (entry.pair != kFree) return entry;
    if (2 * ++used_ > entries_.size()) {
      Grow();
      return entries_[SlotOf(pair)] = {.pair = pair};
    }
    entry.pair = pair;
    return entry;
  }

 private:
  static constexpr Pair kFree = ~Pair{0};  // ids are smaller

  size_t SlotOf(Pair pair) const {
    const size_t mask = entries_.size() - 1;
    size_t slot = text::MixBits(pair) & mask;
    while (entries_[slot].pair != pair && entries_[slot].pair != kFree) slot = (slot + 1) & mask;
    return slot;
  }

  void Grow() {
    std::vector<Entry> old(4 * entries_.size());
    old.swap(entries_);
    for (const Entry& entry : old) {
      if (entry.pair != kFree) entries_[SlotOf(entry.pair)] = entry;
    }
  }

  std::vector<Entry> entries_;  // a power of two, half of them free at least
  size_t used_ = 0;
};

}  // namespace quanta::train
