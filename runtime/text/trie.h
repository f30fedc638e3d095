// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <string_view>

#include "quanta/status.h"
#include "runtime/core/array.h"

namespace quanta::text {

/// A set of strings that finds those which a text begins with, shortest first. Built
/// once, then read only.
///
/// Nodes are numbers, edges are found by hashing (node, byte).
class Trie {
 public:
  static constexpr uint32_t kNone = UINT32_MAX;

  Trie() = default;
  /// Room for strings of `bytes` bytes in all. Errors: kOutOfMemory, kLimit.
  static Result<Trie> Create(size_t bytes);

  /// Adds `key`, not empty; of equal ones the last counts.
  /// Errors: kCorrupt if edges are made to collide.
  Status Insert(std::string_view key, uint32_t value);

  /// Calls visit(bytes, value) for each key that `text` begins with, in ascending order.
  template <class Visit>
  void ForEachPrefix(std::string_view text, Visit visit) const {
    uint32_t node = 0;
    for (size_t i = 0; i < text.size(); ++i) {
      node = Child(node, static_cast<uint8_t>(text[i]));
      if (node == 0) return;
      if (values_[node] != kNone) visit(i + 1, values_[node]);
    }
  }

  /// The value of `key`, or kNone.
  uint32_t Find(std::string_view key) const;

 private:
  // An edge: parent, byte and child, none of which is more than 28 bits; 0 is no edge.
  static constexpr int kNodeBits = 28;
  static uint64_t KeyOf(uint32_t parent, uint8_t byte) { return uint64_t{parent} << 8 | byte; }
  size_t Home(uint64_t key) const {
    return static_cast<size_t>(key * 0x9E3779B97F4A7C15u >> shift_);
  }
  uint32_t Child(uint32_t parent, uint8_t byte) const {
    const uint64_t key = KeyOf(parent, byte);
    for (size_t slot = Home(key); edges_[slot] != 0; slot = (slot + 1) & mask_) {
      if (edges_[slot] >> kNodeBits == key) {
        return static_cast<uint32_t>(edges_[slot] & ((uint64_t{1} << kNodeBits) - 1));
      }
    }
    return 0;
  }
  Result<uint32_t> AddChild(uint32_t parent, uint8_t byte);

  Array<uint64_t> edges_;
  Array<uint32_t> values_;  // of each node
  uint32_t nodes_ = 1;      // the root is node 0
  size_t mask_ = 0;
  int shift_ = 63;
};

}  // namespace quanta::text
