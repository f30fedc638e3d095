// SPDX-License-Identifier: MIT
#include "runtime/text/merge_table.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <vector>

namespace quanta::text {
namespace {

using Ids = std::vector<uint32_t>;

// The rule itself: find the pair of lowest rank, leftmost of equals, join, repeat.
Ids MergeSlowly(const std::vector<format::Merge>& merges, Ids ids) {
  const auto rank = [&](uint32_t left, uint32_t right) {
    for (size_t i = merges.size(); i-- > 0;) {
      if (merges[i].left == left && merges[i].right == right) return i;
    }
    return merges.size();
  };
  while (true) {
    size_t best = merges.size(), at = 0;
    for (size_t i = 0; i + 1 < ids.size(); ++i) {
      if (const size_t r = rank(ids[i], ids[i + 1]); r < best) best = r, at = i;
    }
    if (best == merges.size()) return ids;
    ids[at] = merges[best].result;
    ids.erase(ids.begin() + static_cast<ptrdiff_t>(at) + 1);
  }
}

Ids Merge(const MergeTable& table, Ids ids) {
  MergeTable::Scratch scratch;
  const auto kept = table.Merge(ids, &scratch);
  EXPECT_TRUE(kept.ok());
  ids.resize(kept.value());
  return ids;
}

// Random tables over few symbols make pairs overlap, ranks compete and results meet
// again; results are arbitrary, as those of a hostile file would be.
TEST(MergeTable, JoinsLowestRankFirstWhateverTheLength) {
  std::mt19937 random(1);
  const auto below = [&](uint32_t n) { return static_cast<uint32_t>(random() % n); };
  for (int round = 0; round < 60; ++round) {
    const uint32_t symbols = 2 + below(6);
    std::vector<format::Merge> merges(1 + below(20));
    for (auto& merge : merges) merge = {below(symbols), below(symbols), below(symbols + 3)};
    const auto table = MergeTable::Create(merges);
    ASSERT_TRUE(table.ok());
    for (const size_t length : {0u, 1u, 2u, 3u, 7u, 47u, 48u, 49u, 50u, 120u}) {
      Ids ids(length);
      for (auto& id : ids) id = below(symbols);
      ASSERT_EQ(Merge(table.value(), ids), MergeSlowly(merges, ids)) << round << " " << length;
    }
  }
}

TEST(MergeTable, OfTwoMergesOfOnePairTheLastCounts) {
  const std::vector<format::Merge> merges = {{0, 1, 5}, {1, 2, 6}, {0, 1, 7}};
  const auto table = MergeTable::Create(merges);
  EXPECT_EQ(table.value().Rank(0, 1), 2u);
  EXPECT_EQ(Merge(table.value(), {0, 1, 2}), (Ids{0, 6}));
}

TEST(MergeTable, FindsEveryPairOfALargeTableAndNoOther) {
  std::vector<format::Merge> merges;
  for (uint32_t i = 0; i < 50000; ++i) merges.push_back({i % 251, i / 251 * 7, i});
  const auto table = MergeTable::Create(merges);
  ASSERT_TRUE(table.ok());
  for (uint32_t i = 0; i < merges.size(); ++i) {
    ASSERT_EQ(table.value().Rank(merges[i].left, merges[i].right), i);
    ASSERT_EQ(table.value().Rank(merges[i].left, merges[i].right + 1), MergeTable::kNoRank);
  }
}

// Half a million joins in one word: the quadratic way would take hours.
TEST(MergeTable, OneHugeWordIsNoTrap) {
  const std::vector<format::Merge> merges = {{0, 0, 1}, {1, 1, 2}, {2, 2, 3}};
  const auto table = MergeTable::Create(merges);
  const Ids merged = Merge(table.value(), Ids(1 << 20, 0));
  EXPECT_EQ(merged, Ids(1 << 17, 3));
}

// A file may choose its pairs so that all fall into a few slots: finding one would
// become a walk through all of them.
TEST(MergeTable, RefusesPairsThatAreMadeToCollide) {
  std::vector<format::Merge> merges;
  for (uint32_t right = 0; merges.size() < 1100; ++right) {
    if (MixBits(right) >> 56 == 0) merges.push_back({0, right, 1});
  }
  EXPECT_EQ(MergeTable::Create(merges).status().code(), Code::kCorrupt);
}

TEST(MergeTable, EmptyTableJoinsNothing) {
  const auto table = MergeTable::Create({});
  EXPECT_EQ(Merge(table.value(), {1, 2, 3}), (Ids{1, 2, 3}));
}

}  // namespace
}  // namespace quanta::text
