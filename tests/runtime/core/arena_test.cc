// SPDX-License-Identifier: MIT
#include "quanta/arena.h"

#include <gtest/gtest.h>

#include <array>
#include <cstdint>

namespace quanta {
namespace {

constexpr size_t kStorage = 1024;
struct alignas(Arena::kAlign) Storage {
  std::array<std::byte, kStorage> bytes = {};
};

/// Three arrays of different types and sizes: 128 + 64 + 192 bytes once padded.
struct Plan {
  std::span<float> floats;
  std::span<uint8_t> flags;
  std::span<double> doubles;

  Status Take(Arena& arena) {
    QUANTA_TRY(arena.Take(32, &floats));
    QUANTA_TRY(arena.Take(7, &flags));
    return arena.Take(17, &doubles);
  }
};
constexpr size_t kPlanBytes = 128 + 64 + 192;

TEST(Arena, MeasuringTakesNoMemoryAndIsExact) {
  Plan plan;
  Arena measure = Arena::Measure();
  ASSERT_TRUE(plan.Take(measure).ok());
  EXPECT_TRUE(measure.measuring());
  EXPECT_EQ(measure.used(), kPlanBytes);
  EXPECT_TRUE(plan.floats.empty());

  Storage storage;
  Arena arena(std::span(storage.bytes).first(kPlanBytes));
  ASSERT_TRUE(plan.Take(arena).ok());
  EXPECT_FALSE(arena.measuring());
  EXPECT_EQ(arena.used(), kPlanBytes);
}

TEST(Arena, EverySmallerSizeFailsCleanly) {
  Storage storage;
  for (size_t bytes = 0; bytes < kPlanBytes; ++bytes) {
    Plan plan;
    Arena arena(std::span(storage.bytes).first(bytes));
    EXPECT_EQ(plan.Take(arena).code(), Code::kOutOfMemory) << bytes;
    EXPECT_LE(arena.used(), bytes);
  }
}

TEST(Arena, BlocksAreAlignedDisjointAndInside) {
  Storage storage;
  Arena arena{storage.bytes};
  Plan plan;
  ASSERT_TRUE(plan.Take(arena).ok());

  const auto* base = reinterpret_cast<const uint8_t*>(storage.bytes.data());
  EXPECT_EQ(reinterpret_cast<const uint8_t*>(plan.floats.data()), base);
  EXPECT_EQ(plan.flags.data(), base + 128);
  EXPECT_EQ(reinterpret_cast<const uint8_t*>(plan.doubles.data()), base + 192);
  EXPECT_EQ(plan.floats.size(), 32u);
  EXPECT_EQ(plan.flags.size(), 7u);
  EXPECT_EQ(plan.doubles.size(), 17u);
}

TEST(Arena, MisalignedStorageIsAnInvalidArgument) {
  Storage storage;
  for (const size_t offset : {1u, 32u, 63u}) {
    Arena arena(std::span(storage.bytes).subspan(offset));
    std::span<float> out;
    EXPECT_EQ(arena.Take(1, &out).code(), Code::kInvalidArgument) << offset;
    EXPECT_EQ(arena.used(), 0u);
  }
}

TEST(Arena, SizesThatOverflowAreOutOfMemoryAndChangeNothing) {
  Storage storage;
  for (Arena arena : {Arena::Measure(), Arena(storage.bytes)}) {
    std::span<double> doubles;
    std::span<std::byte> bytes;
    ASSERT_TRUE(arena.Take(1, &doubles).ok());
    EXPECT_EQ(arena.Take(SIZE_MAX / 2, &doubles).code(), Code::kOutOfMemory);
    EXPECT_EQ(arena.Take(SIZE_MAX, &bytes).code(), Code::kOutOfMemory);
    EXPECT_EQ(arena.Take(SIZE_MAX - Arena::kAlign, &bytes).code(), Code::kOutOfMemory);
    EXPECT_EQ(arena.used(), Arena::kAlign);
  }
}

TEST(Arena, EmptyArraysTakeNothing) {
  Storage storage;
  Arena arena{storage.bytes};
  std::span<float> out;
  ASSERT_TRUE(arena.Take(0, &out).ok());
  EXPECT_TRUE(out.empty());
  EXPECT_EQ(arena.used(), 0u);
}

}  // namespace
}  // namespace quanta
