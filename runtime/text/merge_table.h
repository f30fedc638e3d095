// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <span>

#include "quanta/status.h"
#include "runtime/format/model_view.h"
#include "runtime/text/grow_buffer.h"
#include "runtime/text/hash.h"
#include "runtime/text/index_table.h"

namespace quanta::text {

/// The merges of a BPE model, found by the pair they join, and the merging itself.
class MergeTable {
 public:
  static constexpr uint32_t kNoRank = IndexTable::kNone;

  /// `merges`, in rank order, must outlive the table. Errors: kOutOfMemory, kCorrupt.
  static Result<MergeTable> Create(std::span<const format::Merge> merges);

  /// The rank of joining `left` and `right`; of two merges of one pair the last one
  /// counts. kNoRank if there is none.
  uint32_t Rank(uint32_t left, uint32_t right) const {
    return table_.Find(HashPair(left, right), [&](uint32_t i) {
      return merges_[i].left == left && merges_[i].right == right;
    });
  }
  uint32_t ResultOf(uint32_t rank) const { return merges_[rank].result; }

  /// The memory that merging a long word takes.
  struct Scratch {
    struct Symbol {
      uint32_t id;
      uint32_t rank;  ///< of joining this symbol and the next
      uint32_t previous, next;
    };
    struct Candidate {
      uint32_t rank;
      uint32_t position;
    };
    GrowBuffer<Symbol> symbols;
    GrowBuffer<Candidate> heap;
  };

  /// Joins pairs until none is left that has a merge: always the pair of lowest
  /// rank, of equal ones the leftmost. Works in place; returns how many ids remain.
  /// Cost: quadratic up to kShortWord ids (the fastest way), n log n beyond.
  /// Errors: kOutOfMemory, kLimit.
  Result<size_t> Merge(std::span<uint32_t> ids, Scratch* scratch) const;

  static constexpr size_t kShortWord = 48;

 private:
  static uint64_t HashPair(uint32_t left, uint32_t right) {
    return MixBits(uint64_t{left} << 32 | right);
  }
  size_t MergeShort(std::span<uint32_t> ids) const;
  Result<size_t> MergeLong(std::span<uint32_t> ids, Scratch* scratch) const;

  std::span<const format::Merge> merges_;
  IndexTable table_;
};

}  // namespace quanta::text
