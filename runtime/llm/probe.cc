// SPDX-License-Identifier: MIT
#include "quanta/probe.h"

#include <algorithm>
#include <new>
#include <utility>

#include "quanta/session.h"
#include "runtime/core/thread_pool.h"
#include "runtime/kernels/quant/panels.h"
#include "runtime/llm/model_impl.h"
#include "runtime/llm/read_lines.h"
#include "runtime/platform/platform.h"

namespace quanta {
namespace {

constexpr size_t kTilesPerThread = 8;
/// One tile's product: weights and activations fill a third of a small second-level cache.
constexpr uint32_t kRows = 64, kColumns = 128, kDepth = 512;
constexpr int kRepeats = 8;
constexpr size_t kInputBytes = kRows * kernels::QuantizedBytes(kDepth);
constexpr size_t kWeightBytes =
    kColumns / kernels::kStripRows * kernels::StripBytes(kernels::Panel::kQ8, kDepth);
constexpr size_t kOutputBytes = size_t{kRows} * kColumns * sizeof(float);
constexpr size_t kAlign = 64;

size_t Aligned(size_t bytes) { return (bytes + kAlign - 1) / kAlign * kAlign; }

}  // namespace

struct Probe::Impl {
  const kernels::KernelTable* table = nullptr;
  int threads = 1;
  size_t bytes_per_tile = 0;
  platform::PageBlock memory;   ///< what Read reads
  platform::PageBlock product;  ///< weights, activations, each thread's results
  bool in_order = false;        ///< the next time
  uint64_t sum = 0;             ///< keeps the reads alive

  size_t tiles() const { return static_cast<size_t>(threads) * kTilesPerThread; }

  /// Weights and activations as real ones are, except that all are alike: over zeros some
  /// processors are quicker.
  void FillProduct() {
    std::byte* weights = product.bytes().data();
    int8_t q[kDepth];
    float x[kDepth];
    for (size_t i = 0; i < kDepth; ++i) {
      q[i] = static_cast<int8_t>(i % 2 == 0 ? 60 : -59);
      x[i] = static_cast<float>(q[i]);
    }
    const size_t strip_bytes = kernels::StripBytes(kernels::Panel::kQ8, kDepth);
    for (size_t row = 0; row < kColumns; ++row) {
      kernels::PackQ8Row(q, 1.0f, kDepth, row % kernels::kStripRows,
                         weights + row / kernels::kStripRows * strip_bytes);
    }
    for (size_t row = 0; row < kRows; ++row) {
      table->quantize(x, kDepth,
                      weights + Aligned(kWeightBytes) + row * kernels::QuantizedBytes(kDepth));
    }
  }
};

Result<Probe> Probe::Create(const Model& model, size_t read_bytes, int threads,
                            ErrorDetail* detail) {
  std::unique_ptr<Impl> impl(new (std::nothrow) Impl);
  if (impl == nullptr) return Status(Code::kOutOfMemory, "the heap is exhausted");
  impl->table = model.impl().kernels;
  const int wanted =
      threads != 0 ? threads : std::min(ThreadPool::UsableCores(), SessionOptions::kMaxThreads);
  impl->threads = ThreadPool::Process().Reserve(wanted);
  const size_t step = impl->tiles() * llm::kReadStep;
  const size_t steps = std::max<size_t>(1, read_bytes / step + (read_bytes % step != 0 ? 1 : 0));
  impl->bytes_per_tile = steps * llm::kReadStep;
  QUANTA_ASSIGN(impl->memory,
                platform::PageBlock::Create(steps * step, detail, platform::Pages::kLarge));
  // Pages that were never written may all be one and the same.
  for (size_t at = 0; at < impl->memory.bytes().size(); at += 4096) {
    impl->memory.bytes()[at] = static_cast<std::byte>(at >> 12 | 1);
  }
  const size_t outputs = static_cast<size_t>(impl->threads) * kOutputBytes;
  QUANTA_ASSIGN(impl->product, platform::PageBlock::Create(
                                   Aligned(kWeightBytes) + Aligned(kInputBytes) + outputs, detail));
  impl->FillProduct();
  return Probe(std::move(impl));
}

Probe::Probe(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Probe::Probe(Probe&&) noexcept = default;
Probe& Probe::operator=(Probe&&) noexcept = default;
Probe::~Probe() = default;

uint64_t Probe::Read() {
  Impl& impl = *impl_;
  const std::byte* memory = impl.memory.bytes().data();
  uint64_t sums[SessionOptions::kMaxThreads] = {};
  const auto read = impl.in_order ? llm::SumLinesInOrder : llm::SumLinesSideBySide;
  impl.in_order = !impl.in_order;
  ParallelFor(ThreadPool::Process(), impl.tiles(), impl.threads, [&](size_t tile, int worker) {
    sums[worker] += read(memory + tile * impl.bytes_per_tile, impl.bytes_per_tile);
  });
  for (const uint64_t sum : sums) impl.sum += sum;
  return impl.memory.bytes().size();
}

uint64_t Probe::Multiply() {
  Impl& impl = *impl_;
  std::byte* weights = impl.product.bytes().data();
  const std::byte* input = weights + Aligned(kWeightBytes);
  std::byte* output = weights + Aligned(kWeightBytes) + Aligned(kInputBytes);
  const kernels::Weights w = {weights, kColumns, kDepth, kernels::Panel::kQ8};
  const auto multiply = impl.table->matmul[static_cast<size_t>(kernels::Panel::kQ8)];
  ParallelFor(ThreadPool::Process(), impl.tiles(), impl.threads, [&](size_t, int worker) {
    float* y = reinterpret_cast<float*>(output + static_cast<size_t>(worker) * kOutputBytes);
    for (int i = 0; i < kRepeats; ++i) {
      multiply({.w = &w,
                .bias = nullptr,
                .x = nullptr,
                .quantized = input,
                .y = y,
                .y_stride = kColumns,
                .rows = kRows,
                .begin = 0,
                .end = kColumns});
    }
  });
  return uint64_t{kRows} * kColumns * kDepth * kRepeats * impl.tiles();
}

}  // namespace quanta
