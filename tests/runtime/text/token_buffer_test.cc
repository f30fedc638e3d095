// SPDX-License-Identifier: MIT
#include <gtest/gtest.h>

#include <vector>

#include "quanta/tokenizer.h"

namespace quanta {
namespace {

std::vector<int32_t> Ids(const TokenBuffer& buffer) {
  return {buffer.ids().begin(), buffer.ids().end()};
}

TEST(TokenBuffer, KeepsWhatIsAppendedInOrder) {
  TokenBuffer buffer;
  std::vector<int32_t> expected;
  for (int32_t i = 0; i < 1000; ++i) {
    ASSERT_TRUE(buffer.Append(i).ok());
    expected.push_back(i);
  }
  ASSERT_TRUE(buffer.Append(std::vector<int32_t>{7, 8, 9}).ok());
  ASSERT_TRUE(buffer.Append(std::span<const int32_t>()).ok());
  expected.insert(expected.end(), {7, 8, 9});
  EXPECT_EQ(Ids(buffer), expected);
}

TEST(TokenBuffer, MayBeAppendedToItself) {
  TokenBuffer buffer;
  ASSERT_TRUE(buffer.Append(std::vector<int32_t>{1, 2, 3}).ok());
  for (int i = 0; i < 10; ++i) ASSERT_TRUE(buffer.Append(buffer.ids()).ok());
  ASSERT_EQ(buffer.size(), 3u << 10);
  for (size_t i = 0; i < buffer.size(); ++i) {
    ASSERT_EQ(buffer.ids()[i], static_cast<int32_t>(i % 3 + 1));
  }
}

TEST(TokenBuffer, MovesAndTruncates) {
  TokenBuffer buffer;
  ASSERT_TRUE(buffer.Append(std::vector<int32_t>{1, 2, 3}).ok());
  TokenBuffer moved(std::move(buffer));
  TokenBuffer assigned;
  assigned = std::move(moved);
  EXPECT_EQ(Ids(assigned), (std::vector<int32_t>{1, 2, 3}));
  assigned.Truncate(2);
  EXPECT_EQ(Ids(assigned), (std::vector<int32_t>{1, 2}));
  assigned.Clear();
  EXPECT_EQ(assigned.size(), 0u);
}

// A span that claims more than any address space has is refused before it is read.
TEST(TokenBuffer, RefusesMoreThanMemoryCanHoldAndKeepsItsContents) {
  TokenBuffer buffer;
  ASSERT_TRUE(buffer.Append(5).ok());
  const int32_t one = 1;
  const std::span<const int32_t> endless(&one, PTRDIFF_MAX / sizeof(int32_t));
  EXPECT_EQ(buffer.Append(endless).code(), Code::kOutOfMemory);
  EXPECT_EQ(Ids(buffer), std::vector<int32_t>{5});
}

}  // namespace
}  // namespace quanta
