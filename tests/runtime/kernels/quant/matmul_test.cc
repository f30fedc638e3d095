// SPDX-License-Identifier: MIT
#include "runtime/kernels/quant/activations.h"
#include "runtime/kernels/quant/faster_way.h"
#include "tests/runtime/kernels/quant/product.h"

namespace quanta::kernels {
namespace {

constexpr Panel kQuantized[] = {Panel::kQ8, Panel::kQ4};
constexpr size_t kRowCounts[] = {1,  2,  3,  4,  5,  6,  7,  8,  9,   10,
                                 11, 12, 13, 14, 15, 16, 17, 31, 112, 128};

class QuantizedMatMulTest : public KernelTest {
 protected:
  MatMulFunction Kernel(Panel panel) const { return table().matmul[static_cast<int>(panel)]; }

  void ExpectTheOraclesBits(const Product& p, bool with_bias = false) {
    kernels::ExpectTheOraclesBits(Kernel(p.w.panel), table().fused, p, with_bias);
  }
};

QUANTA_INSTANTIATE_PER_TABLE(QuantizedMatMulTest);

TEST_P(QuantizedMatMulTest, IsTheOracleForEveryRowCount) {
  for (const Panel panel : kQuantized) {
    for (const size_t rows : kRowCounts) ExpectTheOraclesBits(Product(panel, rows, 35, 100));
  }
}

TEST_P(QuantizedMatMulTest, IsTheOracleForEveryDepth) {
  for (const Panel panel : kQuantized) {
    for (const size_t k : kTails) {
      for (const size_t rows : {1u, 2u, 5u, 13u}) ExpectTheOraclesBits(Product(panel, rows, 16, k));
    }
    ExpectTheOraclesBits(Product(panel, 3, 32, 2048));
    // Longer than what a kernel of many rows unpacks at a time.
    for (const size_t k : {2048u, 2049u, 2080u, 4180u}) {
      ExpectTheOraclesBits(Product(panel, 70, 35, k));
    }
  }
}

TEST_P(QuantizedMatMulTest, IsTheOracleForEveryWidthWithAndWithoutBias) {
  for (const Panel panel : kQuantized) {
    for (const size_t n : kTails) {
      for (const size_t rows : {1u, 3u, 12u}) {
        ExpectTheOraclesBits(Product(panel, rows, n, 40), false);
        ExpectTheOraclesBits(Product(panel, rows, n, 40), true);
      }
    }
  }
}

TEST_P(QuantizedMatMulTest, IsTheOracleForARowAndManyStripsEitherWay) {
  for (const int way : {0, 1, -1}) {
    FasterWay::Force(way);
    for (const Panel panel : kQuantized) {
      for (const size_t n : {16u, 48u, 64u, 80u, 127u, 128u, 208u, 240u, 352u, 431u}) {
        for (const size_t k : {1u, 40u, 96u, 500u})
          ExpectTheOraclesBits(Product(panel, 1, n, k), true);
      }
    }
  }
}

TEST_P(QuantizedMatMulTest, IsTheOracleForMoreRowsAndStripsThanAKernelTakesAtATime) {
  for (const Panel panel : kQuantized) {
    for (const size_t rows : {33u, 48u, 65u, 79u, 80u, 127u, 129u, 145u, 200u}) {
      for (const size_t k : {32u, 96u, 100u, 160u}) {
        ExpectTheOraclesBits(Product(panel, rows, 16, k), true);
        ExpectTheOraclesBits(Product(panel, rows, 147, k), true);
      }
    }
  }
}

TEST_P(QuantizedMatMulTest, IsTheOracleAtTheExtremes) {
  for (const Panel panel : kQuantized) {
    const int low = panel == Panel::kQ8 ? -127 : -8, high = panel == Panel::kQ8 ? 127 : 7;
    // Of a range like this the ends are -128 and 127.
    for (const float most : {1.0f, 0.0f, 0.3f}) {
      for (const int weight : {low, high}) {
        PackedMatrix w = PackedMatrix::Make(panel, 16, 320, 1);
        std::fill(w.q.begin(), w.q.end(), weight);
        w.Pack();
        for (const size_t rows : {1u, 2u, 4u, 12u, 40u}) {
          std::vector<float> x(rows * 320, -1.0f);
          for (size_t t = 0; t < rows; ++t) x[t * 320 + t % 4] = most;
          const Product p(w, x);
          const auto* row = reinterpret_cast<const QuantizedRow*>(p.quantized.data());
          ASSERT_EQ(row->q()[300], -128);
          ExpectTheOraclesBits(p);
          // And all 127.
          for (float& value : x) value = -value;
          ExpectTheOraclesBits(Product(w, x));
        }
      }
    }
  }
}

TEST_P(QuantizedMatMulTest, GivesTheSameBitsHoweverItIsCut) {
  for (const Panel panel : kQuantized) {
    const Product p(panel, 17, 50, 75);
    Guarded<float> whole(17 * 50);
    Multiply(Kernel(panel), p, true, 0, 17, 0, 50, whole.data());
    for (const size_t tall : {1u, 2u, 3u, 5u, 16u}) {
      for (const size_t wide : {1u, 3u, 16u, 17u, 32u}) {
        Guarded<float> y(17 * 50);
        for (size_t t = 0; t < 17; t += tall) {
          for (size_t j = 0; j < 50; j += wide) {
            Multiply(Kernel(panel), p, true, t, std::min<size_t>(t + tall, 17), j,
                     std::min<size_t>(j + wide, 50), y.data());
          }
        }
        EXPECT_TRUE(y.Intact());
        ASSERT_TRUE(SameBits<float>(y.span(), whole.span())) << tall << " x " << wide;
      }
    }
  }
}

TEST_P(QuantizedMatMulTest, WritesColumnsToAPlaceOfTheirOwnWhichIsNarrowerThanTheMatrix) {
  constexpr size_t kBegin = 96, kWidth = 128, kEnd = kBegin + kWidth;
  for (const Panel panel : kQuantized) {
    for (const size_t rows : {1u, 5u, 17u, 70u}) {
      const Product p(panel, rows, kEnd + 30, 100);
      std::vector<float> whole(rows * p.w.n);
      Multiply(Kernel(panel), p, true, 0, rows, 0, p.w.n, whole.data());
      Guarded<float> part(kBegin + rows * kWidth);
      const std::vector<float> before = part.vector();
      Multiply(Kernel(panel), p, true, 0, rows, kBegin, kEnd, part.data(), kWidth);
      EXPECT_TRUE(part.Intact());
      ASSERT_TRUE(SameBits<float>(part.span().first(kBegin), std::span(before).first(kBegin)));
      for (size_t t = 0; t < rows; ++t) {
        ASSERT_TRUE(SameBits<float>(part.span().subspan(kBegin + t * kWidth, kWidth),
                                    std::span(whole).subspan(t * p.w.n + kBegin, kWidth)))
            << "row " << t << " of " << rows;
      }
    }
  }
}

TEST_P(QuantizedMatMulTest, ZeroRowsGiveTheBiasAndNaNRowsNaN) {
  for (const Panel panel : kQuantized) {
    for (const size_t rows : {3u, 20u}) {
      std::vector<float> x(rows * 70, 0.0f);
      x[2 * 70 + 33] = NAN;
      const Product p(PackedMatrix::Make(panel, 20, 70, 9), x);
      std::vector<float> y(rows * 20);
      Multiply(Kernel(panel), p, true, 0, rows, 0, 20, y.data());
      for (size_t i = 0; i < rows * 20; ++i) {
        if (i / 20 == 2) {
          EXPECT_TRUE(std::isnan(y[i])) << rows << " rows, " << i;
        } else {
          EXPECT_EQ(y[i], p.bias[i % 20]) << rows << " rows, " << i;
        }
      }
    }
  }
}

TEST_P(QuantizedMatMulTest, IsCloseToTheProductOfTheNumbersItStandsFor) {
  for (const Panel panel : kQuantized) {
    const Product p(panel, 4, 24, 200);
    std::vector<float> y(4 * 24);
    Multiply(Kernel(panel), p, false, 0, 4, 0, 24, y.data());
    for (size_t t = 0; t < 4; ++t) {
      // x is off by at most half a unit of its range of 6 / 255.
      for (size_t j = 0; j < 24; ++j) {
        double exact = 0, bound = 0;
        for (size_t i = 0; i < 200; ++i) {
          const double weight = static_cast<double>(p.w.scale(j, i)) * p.w.q[j * 200 + i];
          exact += weight * static_cast<double>(p.x[t * 200 + i]);
          bound += std::abs(weight) * 6.0 / 255;
        }
        ASSERT_NEAR(static_cast<double>(y[t * 24 + j]), exact, bound / 2 * 1.02);
      }
    }
  }
}

TEST_P(QuantizedMatMulTest, GathersRows) {
  for (const Panel panel : kQuantized) {
    for (const size_t k : kTails) {
      const Product p(panel, 1, 33, k);
      const Weights weights = p.w.weights(p.panels);
      for (const uint32_t row : {0u, 15u, 16u, 32u}) {
        Guarded<float> out(k);
        table().gather[static_cast<int>(panel)](weights, row, out.data());
        for (size_t i = 0; i < k; ++i) {
          ASSERT_EQ(out.data()[i], p.w.scale(row, i) * static_cast<float>(p.w.q[row * k + i]));
        }
        EXPECT_TRUE(out.Intact());
      }
    }
  }
}

}  // namespace
}  // namespace quanta::kernels
