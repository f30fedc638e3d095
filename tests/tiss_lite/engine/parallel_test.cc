// SPDX-License-Identifier: MIT
#include "tiss_lite/engine/parallel.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "tests/fuzz/mutate.h"

namespace quanta::lite {
namespace {

BranchChanges RandomChanges(fuzz::Random* random) {
  BranchChanges changes;
  for (const char* name : {"a", "b", "c", "LAST_RESPONSE"}) {
    if (random->OneIn(8)) changes.variables.emplace(name, Value::Number(1));
  }
  for (const char* path : {"d", "d/e", "d/e/f", "d/e/f/g", "d/x", "dd", "h"}) {
    if (!random->OneIn(6)) continue;
    std::optional<Vfs::Entry> entry;
    const size_t kind = random->Below(4);
    if (kind < 3) entry = Vfs::Entry{static_cast<Vfs::Entry::Kind>(kind), MakeBytes(""), false};
    changes.files.emplace(path, entry);
  }
  return changes;
}

TEST(BranchIndex, FindsTheFirstConflictAsComparingAllPairsDoes) {
  fuzz::Random random(3);
  int conflicts = 0, none = 0;
  for (int round = 0; round < 2000; ++round) {
    BranchIndex index;
    std::vector<BranchChanges> branches;
    for (int i = 0; i < 8; ++i) {
      branches.push_back(RandomChanges(&random));
      size_t expected = BranchIndex::kNone;
      for (size_t j = 0; j + 1 < branches.size() && expected == BranchIndex::kNone; ++j) {
        if (!FindConflict(branches[j], branches.back()).empty()) expected = j;
      }
      ASSERT_EQ(index.Add(branches.back()), expected) << round;
      ++(expected == BranchIndex::kNone ? none : conflicts);
    }
  }
  EXPECT_GT(conflicts, 3000);
  EXPECT_GT(none, 3000);
}

}  // namespace
}  // namespace quanta::lite
