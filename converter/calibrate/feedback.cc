// SPDX-License-Identifier: MIT
#include "converter/calibrate/feedback.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "runtime/core/thread_pool.h"

namespace quanta::converter {
namespace {

constexpr size_t kBlock = 128;    ///< rows that are eliminated together
constexpr size_t kColumns = 256;  ///< columns of a tile
constexpr double kDamping = 0.01;

/// Cholesky's factor R of h = R^T R in place of its upper triangle, a block of rows at a time.
class Factorization {
 public:
  /// No pivot is below `least`, which no eigenvalue of h is below.
  Factorization(SquareMatrix* h, double least, int threads)
      : h_(*h),
        n_(h->size()),
        least_(static_cast<float>(least)),
        threads_(threads),
        panel_(kBlock * n_ * sizeof(float)) {}

  void Run() {
    for (size_t begin = 0; begin < n_; begin += kBlock) {
      const size_t end = std::min(n_, begin + kBlock);
      FactorDiagonal(begin, end);
      if (end == n_) break;
      SolveRows(begin, end);
      UpdateRest(begin, end);
    }
  }

 private:
  void FactorDiagonal(size_t begin, size_t end) {
    for (size_t i = begin; i < end; ++i) {
      float* row = h_.Row(i);
      Eliminate(begin, i, i, end);
      const float pivot = std::sqrt(std::max(row[i], least_));
      row[i] = pivot;
      for (size_t j = i + 1; j < end; ++j) row[j] /= pivot;
    }
  }

  /// The rest of these rows.
  void SolveRows(size_t begin, size_t end) {
    const size_t tiles = (n_ - end + kColumns - 1) / kColumns;
    ParallelFor(ThreadPool::Process(), tiles, threads_, [&](size_t tile, int) {
      const size_t from = end + tile * kColumns, to = std::min(n_, from + kColumns);
      for (size_t i = begin; i < end; ++i) {
        float* row = h_.Row(i);
        Eliminate(begin, i, from, to);
        const float pivot = row[i];
        for (size_t j = from; j < to; ++j) row[j] /= pivot;
      }
    });
  }

  /// Takes the rows [first, i) out of columns [from, to) of row i.
  void Eliminate(size_t first, size_t i, size_t from, size_t to) {
    float* row = h_.Row(i);
    for (size_t k = first; k < i; ++k) {
      const float* done = h_.Row(k);
      const float factor = done[i];
      for (size_t j = from; j < to; ++j) row[j] -= factor * done[j];
    }
  }

  void UpdateRest(size_t begin, size_t end) {
    const size_t rows = end - begin, rest = n_ - end;
    auto* panel = reinterpret_cast<float*>(panel_.bytes().data());
    for (size_t k = 0; k < rows; ++k) {
      const float* row = h_.Row(begin + k) + end;
      for (size_t j = 0; j < rest; ++j) panel[j * rows + k] = row[j];
    }
    AddProducts(panel, rest, rows, -1, h_.Row(end) + end, n_, threads_);
  }

  SquareMatrix& h_;
  size_t n_;
  float least_;
  int threads_;
  writer::AlignedBuffer panel_;  ///< the rows of a block, transposed
};

}  // namespace

Feedback MakeFeedback(SquareMatrix gram, int threads) {
  const size_t n = gram.size();
  const double mean = MeanDiagonal(gram);
  const double damping = mean > 0 ? kDamping * mean : 1;
  AddToDiagonal(damping, &gram);
  Factorization(&gram, damping, threads).Run();

  std::vector<float> weights(n);
  for (size_t i = 0; i < n; ++i) {
    float* row = gram.Row(i);
    const float pivot = row[i];
    weights[i] = pivot * pivot;
    std::fill(row, row + i + 1, 0.0f);
    for (size_t j = i + 1; j < n; ++j) row[j] /= pivot;
  }
  return {std::move(gram), std::move(weights)};
}

}  // namespace quanta::converter
