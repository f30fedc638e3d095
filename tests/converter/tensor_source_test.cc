// SPDX-License-Identifier: MIT
#include "converter/tensor_source.h"

#include <gtest/gtest.h>

#include <numeric>
#include <vector>

namespace quanta::converter {
namespace {

/// 0, 1, 2 ... as [rows, columns].
struct Numbers {
  explicit Numbers(uint32_t rows, uint32_t columns) : values(size_t{rows} * columns) {
    std::iota(values.begin(), values.end(), 0.0f);
  }
  std::span<const std::byte> bytes() const { return std::as_bytes(std::span(values)); }
  std::vector<float> values;
};

std::vector<float> Read(const TensorSourcePtr& source, uint32_t first, uint32_t count,
                        uint32_t columns) {
  std::vector<float> out(size_t{count} * columns);
  source->Read(first, count, out.data());
  return out;
}

const ElementType& F32() { return *FindElementType("F32"); }

TEST(TensorSource, StoredRowsAreReadFromAnyRowOn) {
  const Numbers numbers(4, 3);
  const auto source = StoredRows(numbers.bytes(), F32(), 3, false);
  EXPECT_EQ(Read(source, 1, 2, 3), (std::vector<float>{3, 4, 5, 6, 7, 8}));
}

TEST(TensorSource, StoredColumnsAreATranspose) {
  const Numbers numbers(3, 4);  // three columns of four rows
  const auto source = StoredColumns(numbers.bytes(), F32(), 4, 3, false);
  EXPECT_EQ(Read(source, 0, 4, 3), (std::vector<float>{0, 4, 8, 1, 5, 9, 2, 6, 10, 3, 7, 11}));
  EXPECT_EQ(Read(source, 2, 1, 3), (std::vector<float>{2, 6, 10}));
}

TEST(TensorSource, ASliceBeginsWhereItSays) {
  const Numbers numbers(5, 2);
  const auto source = SliceRows(StoredRows(numbers.bytes(), F32(), 2, false), 3);
  EXPECT_EQ(Read(source, 0, 2, 2), (std::vector<float>{6, 7, 8, 9}));
}

TEST(TensorSource, APermutationTakesEachRowFromWhereItLies) {
  const Numbers numbers(4, 2);
  const auto source = PermuteRows(StoredRows(numbers.bytes(), F32(), 2, false), 2,
                                  [](uint32_t row) { return 3 - row; });
  EXPECT_EQ(Read(source, 1, 2, 2), (std::vector<float>{4, 5, 2, 3}));
}

TEST(TensorSource, ATransformSeesWhatWasRead) {
  const Numbers numbers(2, 2);
  const auto source =
      Transformed(StoredRows(numbers.bytes(), F32(), 2, false), 2, [](std::span<float> values) {
        for (float& value : values) value = 10 * value + 1;
      });
  EXPECT_EQ(Read(source, 1, 1, 2), (std::vector<float>{21, 31}));
}

}  // namespace
}  // namespace quanta::converter
