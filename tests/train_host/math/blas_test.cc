// SPDX-License-Identifier: MIT
#include "train_host/math/blas.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <string>
#include <string_view>

#if defined(__x86_64__)  // elsewhere PrepareBlas changes no kernels
namespace quanta::train {
namespace {

constexpr const char* kVariable = "OPENBLAS_CORETYPE";

/// Whether this is the process that a test starts: its BLAS begins with Prescott's kernels. In the
/// test's own process: runs the test there, which must pass.
bool IsChild() {
  if (std::getenv("QUANTA_TEST_CHILD") != nullptr) return true;
  const ::testing::TestInfo* test = ::testing::UnitTest::GetInstance()->current_test_info();
  const std::string again = "QUANTA_TEST_CHILD=1 OPENBLAS_CORETYPE=Prescott '" +
                            std::filesystem::read_symlink("/proc/self/exe").string() +
                            "' --gtest_filter=" + test->test_suite_name() + "." + test->name() +
                            " > /dev/null";
  EXPECT_EQ(std::system(again.c_str()), 0) << again;
  return false;
}

bool HasAvx2() { return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma"); }

bool IsOld(std::string_view kernels) { return kernels == "Prescott"; }

/// As on a processor that the BLAS does not know.
TEST(Blas, OldKernelsGiveWayToThoseOfTheProcessorsInstructions) {
  if (!IsChild()) return;
  ASSERT_TRUE(IsOld(BlasKernels())) << BlasKernels();
  unsetenv(kVariable);  // the BLAS has read it
  PrepareBlas();
  EXPECT_EQ(std::getenv(kVariable), nullptr);  // not left to programs started later
  EXPECT_EQ(IsOld(BlasKernels()), !HasAvx2()) << BlasKernels();
}

TEST(Blas, TheVariableDecides) {
  if (!IsChild()) return;
  PrepareBlas();
  EXPECT_TRUE(IsOld(BlasKernels())) << BlasKernels();
  EXPECT_STREQ(std::getenv(kVariable), "Prescott");
}

}  // namespace
}  // namespace quanta::train
#endif
