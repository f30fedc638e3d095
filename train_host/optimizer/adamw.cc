// SPDX-License-Identifier: MIT
#include "train_host/optimizer/adamw.h"

#include <algorithm>
#include <cmath>

#include "runtime/core/thread_pool.h"
#include "train_host/optimizer/kernels.h"

namespace quanta::train {
namespace {

constexpr size_t kTile = size_t{1} << 15;

size_t Tiles(const UpdateRange& range) { return (range.count + kTile - 1) / kTile; }

size_t Tiles(std::span<const UpdateRange> ranges) {
  size_t tiles = 0;
  for (const UpdateRange& range : ranges) tiles += Tiles(range);
  return tiles;
}

/// body(tile, range, begin, count) for tiles that each lie in one range.
template <class Body>
void ForTiles(std::span<const UpdateRange> ranges, int threads, const Body& body) {
  ParallelFor(ThreadPool::Process(), Tiles(ranges), threads, [&](size_t tile, int) {
    size_t left = tile;
    for (const UpdateRange& range : ranges) {
      if (left < Tiles(range)) {
        const size_t begin = left * kTile;
        body(tile, range, range.offset + begin, std::min(kTile, range.count - begin));
        return;
      }
      left -= Tiles(range);
    }
  });
}

}  // namespace

void Update(const AdamWStep& step, const AdamWOptions& options, int threads) {
  const double count = static_cast<double>(step.step);
  const double first = 1 - std::pow(options.beta1, count);
  const double second = 1 - std::pow(options.beta2, count);
  ForTiles(step.ranges, threads,
           [&](size_t, const UpdateRange& range, size_t at, size_t its_count) {
             AdamWLoop(AdamWTask<float>{
                 .w = step.weights + at,
                 .g = step.gradient + at,
                 .m = step.m + at,
                 .v = step.v + at,
                 .count = its_count,
                 .beta1 = static_cast<float>(options.beta1),
                 .beta2 = static_cast<float>(options.beta2),
                 .eps = static_cast<float>(options.eps),
                 .gradient_scale = static_cast<float>(step.gradient_scale),
                 .rate = static_cast<float>(step.lr / first),
                 .correct = static_cast<float>(1 / std::sqrt(second)),
                 .keep = static_cast<float>(1 - (range.decays ? step.lr * options.decay : 0))});
           });
}

double GradientNorm(const float* gradient, std::span<const UpdateRange> ranges,
                    std::vector<double>* scratch, int threads) {
  scratch->resize(Tiles(ranges));
  ForTiles(ranges, threads, [&](size_t tile, const UpdateRange&, size_t at, size_t count) {
    SumSquares(SquaresTask<float>{gradient + at, count, &(*scratch)[tile]});
  });
  double sum = 0;
  for (const double part : *scratch) sum += part;
  return std::sqrt(sum);
}

}  // namespace quanta::train
