// SPDX-License-Identifier: MIT
#include "runtime/text/trie.h"

#include <algorithm>
#include <bit>

namespace quanta::text {

Result<Trie> Trie::Create(size_t bytes) {
  if (bytes >= size_t{1} << (kNodeBits - 1)) return Status(Code::kLimit, "too many tokens");
  Trie trie;
  const size_t slots = std::bit_ceil(2 * bytes + 2);
  trie.mask_ = slots - 1;
  trie.shift_ = 64 - std::countr_zero(slots);
  QUANTA_ASSIGN(trie.edges_, Array<uint64_t>::Create(slots));
  QUANTA_ASSIGN(trie.values_, Array<uint32_t>::Create(bytes + 1));
  std::fill(trie.values_.begin(), trie.values_.end(), kNone);
  return trie;
}

Status Trie::Insert(std::string_view key, uint32_t value) {
  uint32_t node = 0;
  for (const char byte : key) {
    QUANTA_ASSIGN(node, AddChild(node, static_cast<uint8_t>(byte)));
  }
  values_[node] = value;
  return Status();
}

Result<uint32_t> Trie::AddChild(uint32_t parent, uint8_t byte) {
  constexpr int kMostProbes = 1024;
  const uint64_t key = KeyOf(parent, byte);
  size_t slot = Home(key);
  for (int probe = 0; probe < kMostProbes; ++probe, slot = (slot + 1) & mask_) {
    if (edges_[slot] == 0) {
      QUANTA_CHECK(nodes_ < values_.size());
      edges_[slot] = key << kNodeBits | nodes_;
      return nodes_++;
    }
    if (edges_[slot] >> kNodeBits == key) {
      return static_cast<uint32_t>(edges_[slot] & ((uint64_t{1} << kNodeBits) - 1));
    }
  }
  return Status(Code::kCorrupt, "tokenizer table is made to collide");
}

uint32_t Trie::Find(std::string_view key) const {
  uint32_t node = 0;
  for (const char byte : key) {
    node = Child(node, static_cast<uint8_t>(byte));
    if (node == 0) return kNone;
  }
  return values_[node];
}

}  // namespace quanta::text
