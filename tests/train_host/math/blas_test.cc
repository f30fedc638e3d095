// SPDX-License-Identifier: MIT
#include "train_host/math/blas.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <string_view>

namespace quanta::train {
namespace {

TEST(Blas, UsesKernelsWithTheInstructionsOfTheProcessor) {
  if (std::getenv("OPENBLAS_CORETYPE") != nullptr) GTEST_SKIP() << "OPENBLAS_CORETYPE is set";
  PrepareBlas();
  EXPECT_EQ(std::getenv("OPENBLAS_CORETYPE"), nullptr);  // not left to programs started later
  const std::string_view kernels = BlasKernels();
#if defined(__x86_64__)
  if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512vl")) {
    EXPECT_TRUE(kernels == "SkylakeX" || kernels == "Cooperlake" || kernels == "SapphireRapids" ||
                kernels == "Zen")
        << kernels;
  } else if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) {
    EXPECT_TRUE(kernels == "Haswell" || kernels == "Zen" || kernels == "Excavator") << kernels;
  }
#endif
  EXPECT_FALSE(kernels.empty());
}

}  // namespace
}  // namespace quanta::train
