// SPDX-License-Identifier: MIT
#include "tests/runtime/kernels/kernel_test.h"

namespace quanta::kernels {
namespace {

using TableTest = KernelTest;
QUANTA_INSTANTIATE_PER_TABLE(TableTest);

TEST_P(TableTest, IsComplete) {
  EXPECT_NE(table().name, nullptr);
  for (const Panel panel : {Panel::kF32, Panel::kF16, Panel::kQ8, Panel::kQ4}) {
    EXPECT_NE(table().matmul[static_cast<int>(panel)], nullptr);
    EXPECT_NE(table().gather[static_cast<int>(panel)], nullptr);
  }
  EXPECT_NE(table().quantize, nullptr);
  EXPECT_NE(table().norm, nullptr);
  EXPECT_NE(table().rope, nullptr);
  EXPECT_NE(table().attention, nullptr);
  EXPECT_NE(table().activate, nullptr);
  EXPECT_NE(table().add_scaled, nullptr);
  EXPECT_NE(table().scale, nullptr);
  EXPECT_NE(table().softcap, nullptr);
  EXPECT_NE(table().to_f16, nullptr);
  EXPECT_NE(table().from_f16, nullptr);
}

TEST(Tables, BestIsTheLastAndStaysTheSame) {
  ASSERT_GE(TableCount(), 1u);
  EXPECT_EQ(&Best(), &TableAt(TableCount() - 1));
  EXPECT_EQ(&Best(), &Best());
}

TEST(Tables, AreForDifferentInstructionSets) {
  for (size_t i = 1; i < TableCount(); ++i) {
    EXPECT_STRNE(TableAt(i).name, TableAt(i - 1).name);
    const int q4 = static_cast<int>(Panel::kQ4);
    EXPECT_TRUE(TableAt(i).norm != TableAt(i - 1).norm ||
                TableAt(i).matmul[q4] != TableAt(i - 1).matmul[q4]);
  }
}

}  // namespace
}  // namespace quanta::kernels
