// SPDX-License-Identifier: MIT
#include "runtime/text/merge_table.h"

#include <algorithm>
#include <array>

namespace quanta::text {

Result<MergeTable> MergeTable::Create(std::span<const format::Merge> merges) {
  if (merges.size() >= UINT32_MAX / 4) return Status(Code::kLimit, "too many merges");
  MergeTable table;
  table.merges_ = merges;
  QUANTA_ASSIGN(table.table_, IndexTable::Create(merges.size()));
  for (uint32_t i = 0; i < merges.size(); ++i) {
    const format::Merge& merge = merges[i];
    QUANTA_TRY(table.table_.Insert(HashPair(merge.left, merge.right), i, [&](uint32_t other) {
      return merges[other].left == merge.left && merges[other].right == merge.right;
    }));
  }
  return table;
}

Result<size_t> MergeTable::Merge(std::span<uint32_t> ids, Scratch* scratch) const {
  if (ids.size() <= kShortWord) return MergeShort(ids);
  return MergeLong(ids, scratch);
}

// ranks[i] belongs to the pair (i, i + 1); joining closes the gap in both arrays.
size_t MergeTable::MergeShort(std::span<uint32_t> ids) const {
  size_t count = ids.size();
  if (count < 2) return count;
  std::array<uint32_t, kShortWord> ranks;
  for (size_t i = 0; i + 1 < count; ++i) ranks[i] = Rank(ids[i], ids[i + 1]);
  while (true) {
    size_t best = 0;
    for (size_t i = 1; i + 1 < count; ++i) {
      if (ranks[i] < ranks[best]) best = i;
    }
    if (count < 2 || ranks[best] == kNoRank) return count;
    ids[best] = ResultOf(ranks[best]);
    --count;
    for (size_t i = best + 1; i < count; ++i) ids[i] = ids[i + 1];
    for (size_t i = best; i + 1 < count; ++i) ranks[i] = ranks[i + 1];
    if (best > 0) ranks[best - 1] = Rank(ids[best - 1], ids[best]);
    if (best + 1 < count) ranks[best] = Rank(ids[best], ids[best + 1]);
  }
}

// A linked list of symbols and a heap of pairs. An entry of the heap is stale when
// the rank noted at its symbol is no longer the one it was pushed with.
Result<size_t> MergeTable::MergeLong(std::span<uint32_t> ids, Scratch* scratch) const {
  constexpr uint32_t kEnd = UINT32_MAX;
  using Symbol = Scratch::Symbol;
  using Candidate = Scratch::Candidate;
  if (ids.size() >= kEnd) return Status(Code::kLimit, "word is too long");
  const auto count = static_cast<uint32_t>(ids.size());
  scratch->symbols.Clear();
  scratch->heap.Clear();
  QUANTA_TRY(scratch->symbols.Reserve(count));
  QUANTA_TRY(scratch->heap.Reserve(count));
  scratch->symbols.SetSize(count);
  Symbol* const symbols = scratch->symbols.data();
  const auto later = [](const Candidate& a, const Candidate& b) {
    return a.rank != b.rank ? a.rank > b.rank : a.position > b.position;
  };

  for (uint32_t i = 0; i < count; ++i) {
    const bool last = i + 1 == count;
    const uint32_t rank = last ? kNoRank : Rank(ids[i], ids[i + 1]);
    symbols[i] = {ids[i], rank, i == 0 ? kEnd : i - 1, last ? kEnd : i + 1};
    if (rank != kNoRank) QUANTA_TRY(scratch->heap.Append({rank, i}));
  }
  GrowBuffer<Candidate>& heap = scratch->heap;
  std::make_heap(heap.data(), heap.data() + heap.size(), later);

  // Notes the new rank of the pair that starts at `i`.
  const auto update = [&](uint32_t i) -> Status {
    Symbol& symbol = symbols[i];
    symbol.rank = symbol.next == kEnd ? kNoRank : Rank(symbol.id, symbols[symbol.next].id);
    if (symbol.rank == kNoRank) return Status();
    QUANTA_TRY(heap.Append({symbol.rank, i}));
    std::push_heap(heap.data(), heap.data() + heap.size(), later);
    return Status();
  };

  while (heap.size() > 0) {
    std::pop_heap(heap.data(), heap.data() + heap.size(), later);
    heap.SetSize(heap.size() - 1);
    const Candidate top = heap.data()[heap.size()];
    Symbol& symbol = symbols[top.position];
    if (symbol.rank != top.rank) continue;
    Symbol& swallowed = symbols[symbol.next];
    swallowed.rank = kNoRank;
    symbol.id = ResultOf(top.rank);
    symbol.next = swallowed.next;
    if (symbol.next != kEnd) symbols[symbol.next].previous = top.position;
    QUANTA_TRY(update(top.position));
    if (symbol.previous != kEnd) QUANTA_TRY(update(symbol.previous));
  }

  size_t kept = 0;
  for (uint32_t i = 0; i != kEnd; i = symbols[i].next) ids[kept++] = symbols[i].id;
  return kept;
}

}  // namespace quanta::text
