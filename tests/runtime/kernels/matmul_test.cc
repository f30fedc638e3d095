// SPDX-License-Identifier: MIT
#include "tests/runtime/kernels/kernel_test.h"

namespace quanta::kernels {
namespace {

constexpr size_t kRowCounts[] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 17};

/// One product's operands, with an answer in double precision.
struct Problem {
  size_t rows, n, k;
  Panel panel;
  std::vector<float> x, w, bias;
  std::vector<double> y, bound;  // bound: of the error of any order of summation
  AlignedCopy stored;
  Weights weights;

  Problem(Panel kind, size_t row_count, size_t columns, size_t depth)
      : rows(row_count),
        n(columns),
        k(depth),
        panel(kind),
        x(Random(depth).Many(rows * k)),
        w(Random(columns + 1).Many(n * k)),
        bias(Random(2).Many(n)),
        stored(kind == Panel::kF16 ? AlignedCopy(Halves(w)) : AlignedCopy(w)),
        weights{stored.data(), static_cast<uint32_t>(n), static_cast<uint32_t>(k), kind} {
    if (kind == Panel::kF16) w = Widened(Halves(w));
  }

  void Solve(bool with_bias) {
    y.assign(rows * n, 0);
    bound.assign(rows * n, 0);
    for (size_t t = 0; t < rows; ++t) {
      for (size_t j = 0; j < n; ++j) {
        double sum = with_bias ? bias[j] : 0;
        double size = std::abs(sum);
        for (size_t i = 0; i < k; ++i) {
          const double term = static_cast<double>(x[t * k + i]) * w[j * k + i];
          sum += term;
          size += std::abs(term);
        }
        y[t * n + j] = sum;
        bound[t * n + j] = size * 0x1p-24 * (static_cast<double>(k) / 4 + 5);
      }
    }
  }
};

class MatMulTest : public KernelTest {
 protected:
  /// y[t0 .. t1, begin .. end) of the problem, written into `y` [rows, y_stride]; y_stride 0: n.
  void Multiply(const Problem& p, bool with_bias, size_t t0, size_t t1, size_t begin, size_t end,
                float* y, size_t y_stride = 0) {
    if (y_stride == 0) y_stride = p.n;
    const MatMulTile tile = {.w = &p.weights,
                             .bias = with_bias ? p.bias.data() : nullptr,
                             .x = p.x.data() + t0 * p.k,
                             .y = y + t0 * y_stride,
                             .y_stride = y_stride,
                             .rows = static_cast<uint32_t>(t1 - t0),
                             .begin = static_cast<uint32_t>(begin),
                             .end = static_cast<uint32_t>(end)};
    table().matmul[static_cast<int>(p.panel)](tile);
  }

  void ExpectRight(Panel panel, size_t rows, size_t n, size_t k) {
    Problem p(panel, rows, n, k);
    for (const bool with_bias : {false, true}) {
      p.Solve(with_bias);
      Guarded<float> y(rows * n);
      Multiply(p, with_bias, 0, rows, 0, n, y.data());
      EXPECT_TRUE(y.Intact());
      for (size_t i = 0; i < y.size(); ++i) {
        ASSERT_NEAR(y.data()[i], p.y[i], p.bound[i]) << rows << " x " << n << " x " << k;
      }
    }
  }

  /// Any cut of the work gives the bits of the whole.
  void ExpectSameBitsInPieces(Panel panel, size_t rows, size_t n, size_t k) {
    const Problem p(panel, rows, n, k);
    Guarded<float> whole(rows * n);
    Multiply(p, true, 0, rows, 0, n, whole.data());
    for (const size_t tall : {1u, 2u, 3u, 5u}) {
      for (const size_t wide : {1u, 3u, 4u, 6u, 7u}) {
        Guarded<float> y(rows * n);
        for (size_t t = 0; t < rows; t += tall) {
          for (size_t j = 0; j < n; j += wide) {
            Multiply(p, true, t, std::min(t + tall, rows), j, std::min(j + wide, n), y.data());
          }
        }
        EXPECT_TRUE(y.Intact());
        ASSERT_TRUE(SameBits<float>(y.span(), whole.span())) << rows << " x " << n << " x " << k;
      }
    }
  }
};

QUANTA_INSTANTIATE_PER_TABLE(MatMulTest);

TEST_P(MatMulTest, IsRightForEveryDepthAndRowCount) {
  for (const Panel panel : {Panel::kF32, Panel::kF16}) {
    for (const size_t k : kTails) {
      for (const size_t rows : kRowCounts) ExpectRight(panel, rows, 7, k);
    }
  }
}

TEST_P(MatMulTest, IsRightForEveryWidth) {
  for (const Panel panel : {Panel::kF32, Panel::kF16}) {
    for (const size_t n : kTails) {
      for (const size_t rows : {1, 3, 4, 5}) ExpectRight(panel, rows, n, 19);
    }
  }
}

TEST_P(MatMulTest, GivesTheSameBitsHoweverItIsCut) {
  for (const Panel panel : {Panel::kF32, Panel::kF16}) {
    for (const size_t k : kTails) ExpectSameBitsInPieces(panel, 9, 13, k);
    for (const size_t rows : kRowCounts) ExpectSameBitsInPieces(panel, rows, 18, 75);
    ExpectSameBitsInPieces(panel, 17, 65, 256);
  }
}

TEST_P(MatMulTest, WritesNothingButItsTile) {
  const Problem p(Panel::kF32, 5, 11, 20);
  Guarded<float> y(5 * 11);
  const std::vector<float> before = y.vector();
  Multiply(p, false, 1, 4, 3, 9, y.data());
  for (size_t t = 0; t < 5; ++t) {
    for (size_t j = 0; j < 11; ++j) {
      const bool inside = t >= 1 && t < 4 && j >= 3 && j < 9;
      const size_t i = t * 11 + j;
      const bool same = SameBits<float>({&before[i], 1}, {y.data() + i, 1});
      EXPECT_NE(same, inside) << t << ", " << j;
    }
  }
}

TEST_P(MatMulTest, WritesColumnsToAPlaceOfTheirOwnWhichIsNarrowerThanTheMatrix) {
  constexpr size_t kBegin = 32, kWidth = 40, kEnd = kBegin + kWidth;
  for (const Panel panel : {Panel::kF32, Panel::kF16}) {
    const Problem p(panel, 9, kEnd + 30, 50);
    std::vector<float> whole(9 * p.n);
    Multiply(p, true, 0, 9, 0, p.n, whole.data());
    Guarded<float> part(kBegin + 9 * kWidth);
    const std::vector<float> before = part.vector();
    Multiply(p, true, 0, 9, kBegin, kEnd, part.data(), kWidth);
    EXPECT_TRUE(part.Intact());
    ASSERT_TRUE(SameBits<float>(part.span().first(kBegin), std::span(before).first(kBegin)));
    for (size_t t = 0; t < 9; ++t) {
      ASSERT_TRUE(SameBits<float>(part.span().subspan(kBegin + t * kWidth, kWidth),
                                  std::span(whole).subspan(t * p.n + kBegin, kWidth)));
    }
  }
}

TEST_P(MatMulTest, GathersRows) {
  for (const Panel panel : {Panel::kF32, Panel::kF16}) {
    for (const size_t k : kTails) {
      const Problem p(panel, 1, 3, k);
      for (uint32_t row = 0; row < 3; ++row) {
        Guarded<float> out(k);
        table().gather[static_cast<int>(panel)](p.weights, row, out.data());
        EXPECT_TRUE(SameBits<float>(out.span(), {p.w.data() + row * k, k}));
        EXPECT_TRUE(out.Intact());
      }
    }
  }
}

}  // namespace
}  // namespace quanta::kernels
