// SPDX-License-Identifier: MIT
#include "runtime/kernels/quant/scale_fit.h"

#include "tests/runtime/kernels/kernel_test.h"

namespace quanta::kernels {
namespace {

/// The definition: eight sums side by side, element by element; what is left over joins the first.
template <class Scheme>
Fit PlainFit(const std::vector<float>& w, float scale) {
  float error[8] = {}, wq[8] = {}, qq[8] = {};
  const size_t whole = w.size() / 8 * 8;
  for (size_t i = 0; i < w.size(); ++i) {
    const size_t lane = i < whole ? i % 8 : 0;
    const float q = std::nearbyint(std::min(std::max(w[i] / scale, Scheme::kLow), Scheme::kHigh));
    const float product = q * scale;
    const float lost = w[i] - product;
    const float square = lost * lost, with_q = w[i] * q, of_q = q * q;
    error[lane] += square;
    wq[lane] += with_q;
    qq[lane] += of_q;
  }
  const auto total = [](const float* lanes) {
    float sum = 0;
    for (size_t i = 0; i < 8; ++i) sum += lanes[i];
    return sum;
  };
  const float squares = total(qq);
  return {total(error), squares > 0 ? total(wq) / squares : scale};
}

TEST(ScaleFit, HasTheBitsOfThePlainSumsAtEveryLength) {
  for (size_t count = 1; count <= 80; ++count) {
    const auto w = Random(count).Many(count, 0.3f);
    for (const float scale : {1e-3f, 0.02f, 0.037f, 0.5f, 10.0f}) {
      const Fit q4 = FitQ4(w.data(), count, scale), plain4 = PlainFit<Q4>(w, scale);
      ASSERT_EQ(q4.error, plain4.error) << count;
      ASSERT_EQ(q4.refined, plain4.refined) << count;
      const Fit q8 = FitQ8(w.data(), count, scale), plain8 = PlainFit<Q8>(w, scale);
      ASSERT_EQ(q8.error, plain8.error) << count;
      ASSERT_EQ(q8.refined, plain8.refined) << count;
    }
  }
}

TEST(ScaleFit, AScaleThatMakesAllZeroStaysAsItIs) {
  const std::vector<float> w(40, 0.1f);
  EXPECT_EQ(FitQ4(w.data(), w.size(), 5.0f).refined, 5.0f);
}

}  // namespace
}  // namespace quanta::kernels
