// SPDX-License-Identifier: MIT
#include "train_host/math/products.h"

#include <gtest/gtest.h>

#include <thread>
#include <vector>

#include "train_host/math/random.h"

namespace quanta::train {
namespace {

std::vector<float> Numbers(size_t count, uint64_t seed) {
  std::vector<float> values(count);
  for (size_t i = 0; i < count; ++i) values[i] = static_cast<float>(Normal(seed, i));
  return values;
}

constexpr size_t kM = 70, kN = 50, kK = 90;

double Expected(const std::vector<float>& a, const std::vector<float>& b, size_t i, size_t j) {
  double sum = 0;
  for (size_t k = 0; k < kK; ++k) sum += double{a[i * kK + k]} * double{b[j * kK + k]};
  return sum;
}

std::vector<float> Transposed(const std::vector<float>& x, size_t rows, size_t columns) {
  std::vector<float> y(x.size());
  for (size_t i = 0; i < rows; ++i) {
    for (size_t j = 0; j < columns; ++j) y[j * rows + i] = x[i * columns + j];
  }
  return y;
}

TEST(Products, AreThoseThatTheirNamesSay) {
  const std::vector<float> a = Numbers(kM * kK, 1), b = Numbers(kN * kK, 2);
  const std::vector<float> at = Transposed(a, kM, kK), bt = Transposed(b, kN, kK);
  std::vector<float> c(kM * kN, 1), d(kM * kN, 1), e(kM * kN, 1);
  MultiplyByTransposed<float>({kM, kN, kK, a.data(), kK, b.data(), kK, c.data(), kN});
  Multiply<float>({kM, kN, kK, a.data(), kK, bt.data(), kN, d.data(), kN, 2});
  MultiplyTransposed<float>({kM, kN, kK, at.data(), kM, bt.data(), kN, e.data(), kN, 1, 1});
  for (size_t i = 0; i < kM; ++i) {
    for (size_t j = 0; j < kN; ++j) {
      const double expected = Expected(a, b, i, j);
      EXPECT_NEAR(c[i * kN + j], expected, 1e-4);
      EXPECT_NEAR(d[i * kN + j], 2 * expected, 2e-4);
      EXPECT_NEAR(e[i * kN + j], expected + 1, 1e-4);
    }
  }
}

/// Some builds of OpenBLAS are not safe for this, and their gradients then are at times garbage.
TEST(Products, FromSeveralThreadsAtOnceAreTheSameBits) {
  constexpr size_t kSize = 192, kCount = kSize * kSize;
  const std::vector<float> a = Numbers(kCount, 1), b = Numbers(kCount, 2);
  std::vector<float> expected(kCount);
  const auto multiply = [&](std::vector<float>* c) {
    MultiplyTransposed<float>(
        {kSize, kSize, kSize, a.data(), kSize, b.data(), kSize, c->data(), kSize});
  };
  multiply(&expected);
  std::vector<size_t> wrong(4);
  std::vector<std::thread> threads;
  for (size_t t = 0; t < wrong.size(); ++t) {
    threads.emplace_back([&, t] {
      std::vector<float> c(kCount);
      for (int i = 0; i < 300; ++i) {
        multiply(&c);
        wrong[t] += c != expected;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(wrong, std::vector<size_t>(4));
}

}  // namespace
}  // namespace quanta::train
