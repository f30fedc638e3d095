// SPDX-License-Identifier: MIT
//
// bench_train [--layers N] [--hidden N] [--heads N] [--kv-heads N] [--ffn N] [--vocab N]
//             [--length N] [--batch N] [--threads N] [--steps N]
// Trains a model with random tokens and prints one JSON line: the median step's tokens per
// second, forward, backward and AdamW with clipping, the peak memory, and GFLOP/s: those that the
// products and attention need, beside what plain products of 768 x 768 reach on as many threads,
// and the name of the BLAS' kernels.
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <vector>

#include "runtime/core/thread_pool.h"
#include "runtime/platform/platform.h"
#include "train_host/math/blas.h"
#include "train_host/math/products.h"
#include "train_host/math/random.h"
#include "train_host/model/transformer.h"
#include "train_host/optimizer/adamw.h"

namespace quanta::train {
namespace {

struct Options {
  ModelShape shape = {.vocab = 4096,
                      .layers = 6,
                      .hidden = 256,
                      .heads = 8,
                      .kv_heads = 8,
                      .head_dim = 32,
                      .ffn = 688,
                      .context = 256};
  size_t batch = 16;
  int threads = 2, steps = 10;
};

bool Parse(int argc, char** argv, Options* options) {
  struct Number {
    const char* name;
    uint32_t* value;
  };
  uint32_t batch = 16, threads = 2, steps = 10;
  ModelShape& shape = options->shape;
  shape.kv_heads = 0;
  const Number numbers[] = {{"--layers", &shape.layers},  {"--hidden", &shape.hidden},
                            {"--heads", &shape.heads},    {"--kv-heads", &shape.kv_heads},
                            {"--ffn", &shape.ffn},        {"--vocab", &shape.vocab},
                            {"--length", &shape.context}, {"--batch", &batch},
                            {"--threads", &threads},      {"--steps", &steps}};
  for (int i = 1; i + 1 < argc; i += 2) {
    bool known = false;
    for (const Number& number : numbers) {
      if (std::strcmp(argv[i], number.name) != 0) continue;
      *number.value = static_cast<uint32_t>(std::atoi(argv[i + 1]));
      known = true;
    }
    if (!known) return false;
  }
  if (shape.kv_heads == 0) shape.kv_heads = shape.heads;
  if (shape.heads == 0 || steps == 0 || argc % 2 == 0) return false;
  shape.head_dim = shape.hidden / shape.heads;
  options->batch = batch;
  options->threads = static_cast<int>(threads);
  options->steps = static_cast<int>(steps);
  return true;
}

Batch RandomBatch(const Options& options, uint64_t seed) {
  Batch batch;
  batch.rows = options.batch;
  batch.length = options.shape.context;
  batch.row_segments.push_back(0);
  for (size_t row = 0; row < batch.rows; ++row) {
    batch.segments.push_back({0, options.shape.context});
    batch.row_segments.push_back(row + 1);
    for (size_t t = 0; t < batch.length; ++t) {
      const size_t at = row * batch.length + t;
      batch.ids.push_back(static_cast<int32_t>(Below(seed, 2 * at, options.shape.vocab)));
      batch.targets.push_back(static_cast<int32_t>(Below(seed, 2 * at + 1, options.shape.vocab)));
      batch.positions.push_back(static_cast<int32_t>(t));
    }
  }
  batch.target_count = batch.tokens();
  return batch;
}

/// Multiplications and additions for a token, there and back: 6 for every number of a matrix that
/// it is multiplied with, and for the halves of attention that causality leaves.
double FlopOfToken(const Options& options, const ParameterLayout& layout) {
  double matrices = 0;
  for (const Parameter& p : layout.parameters()) {
    if (p.matrix) matrices += static_cast<double>(p.count());
  }
  const size_t scores = options.shape.attention_width() * options.shape.context;
  return 6 * (matrices + static_cast<double>(options.shape.layers * scores));
}

/// The best of some products, one on each thread.
double ProductFlops(int threads) {
  constexpr size_t kSide = 768, kSquare = kSide * kSide;
  const auto count = static_cast<size_t>(threads);
  std::vector<float> a(kSquare, 1), b(kSquare, 1), c(count * kSquare);
  double best = 1e9;
  for (int run = 0; run < 8; ++run) {
    const double begin = platform::Now();
    ParallelFor(ThreadPool::Process(), count, threads, [&](size_t tile, int) {
      MultiplyByTransposed<float>({.m = kSide,
                                   .n = kSide,
                                   .k = kSide,
                                   .a = a.data(),
                                   .a_stride = kSide,
                                   .b = b.data(),
                                   .b_stride = kSide,
                                   .c = c.data() + tile * kSquare,
                                   .c_stride = kSide});
    });
    best = std::min(best, platform::Now() - begin);
  }
  return 2.0 * static_cast<double>(count * kSquare * kSide) / best;
}

int Run(const Options& options) {
  Transformer<float> model(options.shape, options.batch, options.shape.context, options.threads,
                           {});
  const size_t size = model.layout().size();
  std::vector<float> weights(size), gradient(size), m(size), v(size);
  Initialize(model.layout(), options.shape, 0.02, 1, weights.data());
  std::vector<UpdateRange> ranges;
  for (const Parameter& p : model.layout().parameters()) {
    ranges.push_back({p.offset, p.count(), p.matrix});
  }
  std::vector<double> scratch, times;
  double loss = 0;
  for (int step = 1; step <= options.steps; ++step) {
    const Batch batch = RandomBatch(options, static_cast<uint64_t>(step));
    const double begin = platform::Now();
    std::fill(gradient.begin(), gradient.end(), 0.0f);
    const double tokens = static_cast<double>(batch.tokens());
    loss =
        model.Differentiate(weights.data(), batch, {.scale = 1 / tokens}, gradient.data()) / tokens;
    const double norm = GradientNorm(gradient.data(), ranges, &scratch, options.threads);
    Update({weights.data(), gradient.data(), m.data(), v.data(), ranges, 1e-3,
            norm > 1 ? 1 / norm : 1, static_cast<uint64_t>(step)},
           {}, options.threads);
    times.push_back(platform::Now() - begin);
  }
  std::nth_element(times.begin(), times.begin() + times.size() / 2, times.end());
  const double median = times[times.size() / 2];
  const double per_second = static_cast<double>(options.batch * options.shape.context) / median;
  const double peak_mib = static_cast<double>(platform::PeakResidentBytes()) / (1 << 20);
  std::printf(
      "{\"tokens_per_second\": %.1f, \"best\": %.1f, \"step_ms\": %.1f, "
      "\"parameters\": %zu, \"peak_mib\": %.1f, \"loss\": %.6f, \"gflops\": %.2f, "
      "\"product_gflops\": %.2f, \"blas\": \"%s\"}\n",
      per_second,
      static_cast<double>(options.batch * options.shape.context) /
          *std::min_element(times.begin(), times.end()),
      median * 1e3, model.layout().count(), peak_mib, loss,
      per_second * FlopOfToken(options, model.layout()) * 1e-9,
      ProductFlops(options.threads) * 1e-9, BlasKernels());
  return 0;
}

}  // namespace
}  // namespace quanta::train

int main(int argc, char** argv) {
  quanta::train::Options options;
  if (!quanta::train::Parse(argc, argv, &options)) {
    std::fprintf(stderr, "bench_train: see the head of its source\n");
    return 2;
  }
  return quanta::train::Run(options);
}
