// SPDX-License-Identifier: MIT
#include "runtime/core/array.h"

#include <gtest/gtest.h>

#include <cstdint>

namespace quanta {
namespace {

TEST(Array, HoldsValueInitialisedElements) {
  auto array = Array<uint32_t>::Create(1000);
  ASSERT_TRUE(array.ok());
  EXPECT_EQ(array->size(), 1000u);
  for (const uint32_t element : *array) EXPECT_EQ(element, 0u);
  (*array)[999] = 7;
  EXPECT_EQ(array->span().back(), 7u);
}

TEST(Array, OfNoElementsIsEmpty) {
  auto array = Array<uint32_t>::Create(0);
  ASSERT_TRUE(array.ok());
  EXPECT_TRUE(array->empty());
  EXPECT_EQ(array->begin(), array->end());
}

TEST(Array, WhoseSizeOverflowsIsOutOfMemory) {
  EXPECT_EQ(Array<uint64_t>::Create(SIZE_MAX).status().code(), Code::kOutOfMemory);
  EXPECT_EQ(Array<uint64_t>::Create(SIZE_MAX / 8).status().code(), Code::kOutOfMemory);
}

TEST(Array, MovingLeavesTheSourceEmpty) {
  auto array = Array<int>::Create(3);
  ASSERT_TRUE(array.ok());
  Array<int> first = std::move(*array);
  Array<int> second;
  second = std::move(first);
  EXPECT_TRUE(first.empty());
  EXPECT_EQ(first.data(), nullptr);
  EXPECT_EQ(second.size(), 3u);
}

}  // namespace
}  // namespace quanta
