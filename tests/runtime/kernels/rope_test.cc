// SPDX-License-Identifier: MIT
#include "tests/runtime/kernels/kernel_test.h"

namespace quanta::kernels {
namespace {

constexpr size_t kHeads = 3;

class RopeTest : public KernelTest {
 protected:
  void ExpectRight(Pairing pairing, size_t half, size_t head_dim) {
    const auto x = Random(half).Many(kHeads * head_dim);
    std::vector<float> cosine(half), sine(half);
    for (size_t i = 0; i < half; ++i) {
      cosine[i] = std::cos(0.3f * static_cast<float>(i + 1));
      sine[i] = std::sin(0.3f * static_cast<float>(i + 1));
    }
    Guarded<float> y(x.size());
    std::copy(x.begin(), x.end(), y.data());

    table().rope(y.data(), cosine.data(), sine.data(), kHeads, head_dim, half, pairing);

    EXPECT_TRUE(y.Intact());
    for (size_t h = 0; h < kHeads; ++h) {
      const float* before = x.data() + h * head_dim;
      const float* after = y.data() + h * head_dim;
      for (size_t i = 0; i < half; ++i) {
        const size_t a = pairing == Pairing::kHalf ? i : 2 * i;
        const size_t b = pairing == Pairing::kHalf ? i + half : 2 * i + 1;
        const double c = cosine[i], s = sine[i];
        ASSERT_NEAR(after[a], before[a] * c - before[b] * s, 2e-7) << half;
        ASSERT_NEAR(after[b], before[a] * s + before[b] * c, 2e-7) << half;
      }
      // Partial rotary embedding leaves the rest alone.
      for (size_t i = 2 * half; i < head_dim; ++i) ASSERT_EQ(after[i], before[i]) << half;
    }
    ExpectSameBitsHeadByHead(pairing, x, cosine, sine, y.vector(), half);
  }

  void ExpectSameBitsHeadByHead(Pairing pairing, std::vector<float> x,
                                const std::vector<float>& cosine, const std::vector<float>& sine,
                                const std::vector<float>& y, size_t half) {
    const size_t head_dim = x.size() / kHeads;
    for (size_t h = 0; h < kHeads; ++h) {
      table().rope(x.data() + h * head_dim, cosine.data(), sine.data(), 1, head_dim, half, pairing);
    }
    EXPECT_TRUE(SameBits<float>(x, y)) << half;
  }
};

QUANTA_INSTANTIATE_PER_TABLE(RopeTest);

TEST_P(RopeTest, TurnsPairsByTheirAngles) {
  for (const Pairing pairing : {Pairing::kHalf, Pairing::kInterleaved}) {
    for (const size_t half : kTails) {
      ExpectRight(pairing, half, 2 * half);
      ExpectRight(pairing, half, 2 * half + 6);
    }
  }
}

}  // namespace
}  // namespace quanta::kernels
