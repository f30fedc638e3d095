// SPDX-License-Identifier: MIT
//
// bench_kernels [--threads N] [--table NAME] [--only TEXT]: one JSON line per kernel and shape
// (whose name contains TEXT), with a hash of the results, so that a faster but different answer
// shows. --way N: where one row takes the faster of two orders, this one of them.
//
// "best" are the fastest of the batches, the rest medians. "gb_s" counts the weights or arrays once
// per call; "gflop_s" two operations a multiply-add. The lines "read" are what this machine's
// memory gives to plain loads of arrays of the same size: the bound of products with one row.
#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "runtime/core/thread_pool.h"
#include "runtime/kernels/half.h"
#include "runtime/kernels/kernels.h"
#include "runtime/kernels/quant/faster_way.h"
#include "runtime/kernels/quant/panels.h"
#include "runtime/kernels/quant/quantize.h"
#include "runtime/kernels/targets.h"
#include "runtime/llm/read_lines.h"
#include "runtime/platform/platform.h"

namespace quanta {

/// Of so many calls alone, if it is not 0: to count instructions.
int exact_calls = 0;

namespace {

using kernels::KernelTable;

uint32_t Hash(const float* values, size_t count) {  // FNV-1a
  uint32_t hash = 2166136261u;
  const auto* bytes = reinterpret_cast<const unsigned char*>(values);
  for (size_t i = 0; i < count * sizeof(float); ++i) hash = (hash ^ bytes[i]) * 16777619u;
  return hash;
}

struct Timing {
  double median, best;  ///< seconds per call
};

/// Of 11 batches of at least 10 ms.
Timing Time(const std::function<void()>& body) {
  const auto seconds = [&](int calls) {
    const double start = platform::Now();
    for (int i = 0; i < calls; ++i) body();
    return platform::Now() - start;
  };
  if (exact_calls != 0) {
    const double each = seconds(exact_calls) / exact_calls;
    return {each, each};
  }
  int calls = 1;
  while (seconds(calls) < 10e-3) calls *= 2;
  std::array<double, 11> batches;
  for (double& batch : batches) batch = seconds(calls) / calls;
  std::sort(batches.begin(), batches.end());
  return {batches[5], batches[0]};
}

void Print(const std::string& name, Timing time, double bytes, double flops, uint32_t hash) {
  std::printf(
      "{\"name\":\"%s\",\"us\":%.2f,\"gb_s\":%.2f,\"gflop_s\":%.2f,"
      "\"best_us\":%.2f,\"best_gb_s\":%.2f,\"best_gflop_s\":%.2f,\"hash\":\"%08x\"}\n",
      name.c_str(), time.median * 1e6, bytes / time.median * 1e-9, flops / time.median * 1e-9,
      time.best * 1e6, bytes / time.best * 1e-9, flops / time.best * 1e-9, hash);
  std::fflush(stdout);
}

/// Pages of pseudo-random floats in [-1, 1), or halves of them.
class Data {
 public:
  explicit Data(size_t count, bool half = false)
      : block_(platform::PageBlock::Create(count * (half ? 2 : 4), nullptr).value()) {
    uint32_t state = 1;
    for (size_t i = 0; i < count; ++i) {
      state = state * 1664525u + 1013904223u;
      const float value = static_cast<float>(static_cast<int32_t>(state)) * 0x1p-31f;
      if (half) {
        reinterpret_cast<uint16_t*>(block_.bytes().data())[i] = kernels::FloatToHalf(value);
      } else {
        floats()[i] = value;
      }
    }
  }
  float* floats() { return reinterpret_cast<float*>(block_.bytes().data()); }
  const std::byte* bytes() const { return block_.bytes().data(); }

 private:
  platform::PageBlock block_;
};

class Bench {
 public:
  Bench(const KernelTable& table, int threads, std::string only)
      : table_(table), threads_(threads), only_(std::move(only)) {}

  void Read(size_t bytes) const;
  void MatMul(kernels::Panel panel, size_t rows, size_t n, size_t k) const;
  void Quantize(size_t k) const;
  void Attention(kernels::KvKind kv, uint32_t group, uint32_t head_dim, uint32_t count,
                 uint32_t rows, uint32_t window = 0) const;
  void Norm(size_t rows, size_t d) const;
  void Activate(kernels::Activation activation, const char* kind, size_t count) const;
  void Half(size_t count) const;

 private:
  bool Wanted(const std::string& name) const { return name.find(only_) != name.npos; }

  const KernelTable& table_;
  int threads_;
  std::string only_;
};

void Bench::Read(size_t bytes) const {
  const std::string name = "read/" + std::to_string(bytes >> 20) + "MiB";
  if (!Wanted(name)) return;
  const Data data(bytes / 4);
  const size_t tiles = static_cast<size_t>(threads_) * 8;
  const size_t tile_bytes = bytes / tiles / llm::kReadStep * llm::kReadStep;
  std::vector<uint64_t> sums(tiles);
  const Timing time = Time([&] {
    ParallelFor(ThreadPool::Process(), tiles, threads_, [&](size_t tile, int) {
      sums[tile] = llm::SumLinesSideBySide(data.bytes() + tile * tile_bytes, tile_bytes);
    });
  });
  Print(name, time, static_cast<double>(bytes), 0,
        Hash(reinterpret_cast<const float*>(sums.data()), 2 * tiles));
}

constexpr const char* kPanelNames[kernels::kPanelKinds] = {"f32", "f16", "q8", "q4"};

/// Weights [n, k] in `panel`, and how many bytes they are.
class Matrix {
 public:
  Matrix(kernels::Panel panel, size_t n, size_t k)
      : panel_(panel), n_(n), k_(k), data_(Floats(), panel == kernels::Panel::kF16) {
    if (kernels::ReadsQuantized(panel)) Quantize();
  }
  kernels::Weights weights() const {
    return {data_.bytes(), static_cast<uint32_t>(n_), static_cast<uint32_t>(k_), panel_};
  }
  size_t bytes() const {
    if (kernels::ReadsQuantized(panel_)) return Strips() * kernels::StripBytes(panel_, k_);
    return n_ * k_ * (panel_ == kernels::Panel::kF16 ? 2 : 4);
  }

 private:
  size_t Strips() const { return (n_ + kernels::kStripRows - 1) / kernels::kStripRows; }
  /// What to allocate, in floats or halves.
  size_t Floats() const { return kernels::ReadsQuantized(panel_) ? (bytes() + 3) / 4 : n_ * k_; }
  /// One strip of random weights, many times.
  void Quantize() {
    Data values(kernels::kStripRows * k_);
    std::vector<int8_t> scratch(k_);
    const size_t bytes = kernels::StripBytes(panel_, k_);
    std::byte* strip = reinterpret_cast<std::byte*>(data_.floats());
    kernels::QuantizeStrip(panel_, values.floats(), kernels::kStripRows, k_, scratch.data(), strip);
    for (size_t i = 1; i < Strips(); ++i) std::memcpy(strip + i * bytes, strip, bytes);
  }

  kernels::Panel panel_;
  size_t n_, k_;
  Data data_;
};

void Bench::MatMul(kernels::Panel panel, size_t rows, size_t n, size_t k) const {
  const std::string name = std::string("matmul/") + kPanelNames[static_cast<int>(panel)] + "/" +
                           std::to_string(rows) + "x" + std::to_string(n) + "x" + std::to_string(k);
  if (!Wanted(name)) return;
  const Matrix w(panel, n, k);
  Data x(rows * k);
  Data quantized(rows * kernels::QuantizedBytes(k) / sizeof(float));
  auto* made = reinterpret_cast<std::byte*>(quantized.floats());
  for (size_t t = 0; t < rows; ++t) {
    table_.quantize(x.floats() + t * k, k, made + t * kernels::QuantizedBytes(k));
  }
  std::vector<float> y(rows * n);
  const kernels::Weights weights = w.weights();
  constexpr size_t kColumns = 64;
  const Timing time = Time([&] {
    ParallelFor(ThreadPool::Process(), (n + kColumns - 1) / kColumns, threads_,
                [&](size_t tile, int) {
                  const size_t begin = tile * kColumns;
                  table_.matmul[static_cast<int>(panel)](
                      {.w = &weights,
                       .bias = nullptr,
                       .x = x.floats(),
                       .quantized = made,
                       .y = y.data(),
                       .y_stride = n,
                       .rows = static_cast<uint32_t>(rows),
                       .begin = static_cast<uint32_t>(begin),
                       .end = static_cast<uint32_t>(std::min(begin + kColumns, n))});
                });
  });
  const double weight_count = static_cast<double>(n * k);
  Print(name, time, static_cast<double>(w.bytes()), 2 * weight_count * static_cast<double>(rows),
        Hash(y.data(), y.size()));
}

void Bench::Quantize(size_t k) const {
  const std::string name = "quantize/" + std::to_string(k);
  if (!Wanted(name)) return;
  Data x(k);
  Data made(kernels::QuantizedBytes(k) / sizeof(float));
  const Timing time =
      Time([&] { table_.quantize(x.floats(), k, reinterpret_cast<std::byte*>(made.floats())); });
  Print(name, time, static_cast<double>(5 * k), 0,
        Hash(made.floats(), kernels::QuantizedBytes(k) / sizeof(float)));
}

/// Keys or values of one head.
class Cache {
 public:
  Cache(const KernelTable& table, kernels::KvKind kv, size_t slots, size_t head_dim)
      : data_((static_cast<size_t>(kernels::KvBytes(kv, slots, head_dim)) + 3) / 4) {
    const Data values(slots * head_dim);
    const float* x = reinterpret_cast<const float*>(values.bytes());
    for (size_t slot = 0; slot < slots; ++slot, x += head_dim) {
      const size_t at = slot * head_dim;
      if (kv == kernels::KvKind::kF32) {
        std::memcpy(data_.floats() + at, x, head_dim * sizeof(float));
      } else if (kv == kernels::KvKind::kF16) {
        table.to_f16(x, reinterpret_cast<uint16_t*>(data_.floats()) + at, head_dim);
      } else {
        kernels::KvScales(data_.floats(), slots, head_dim)[slot] =
            table.to_int8(x, reinterpret_cast<int8_t*>(data_.floats()) + at, head_dim);
      }
    }
  }
  const std::byte* bytes() const { return data_.bytes(); }

 private:
  Data data_;
};

void Bench::Attention(kernels::KvKind kv, uint32_t group, uint32_t head_dim, uint32_t count,
                      uint32_t rows, uint32_t window) const {
  constexpr const char* kNames[] = {"f16", "f32", "int8"};
  const std::string name = std::string("attention/") + kNames[static_cast<int>(kv)] + "/" +
                           std::to_string(group) + "x" + std::to_string(head_dim) + "x" +
                           std::to_string(count) +
                           (window == 0 ? "" : "/window" + std::to_string(window)) +
                           (rows == 1 ? "" : "/" + std::to_string(rows));
  if (!Wanted(name)) return;
  const uint32_t seen = window == 0 ? count : window;
  const size_t cells = size_t{seen} * head_dim, width = size_t{group} * head_dim;
  const Cache k(table_, kv, count, head_dim);
  const Cache v(table_, kv, count, head_dim);
  Data q(rows * width);
  std::vector<float> out(rows * width);
  std::vector<float> scratch(static_cast<size_t>(kernels::AttentionScratch(kv, seen, head_dim)));
  const Timing time = Time([&] {
    table_.attention({.q = q.floats(),
                      .out = out.data(),
                      .scratch = scratch.data(),
                      .k = k.bytes(),
                      .v = v.bytes(),
                      .kv = kv,
                      .group = group,
                      .head_dim = head_dim,
                      .slots = count,
                      .end = count - rows + 1,
                      .window = window,
                      .scale = 0.125f,
                      .softcap = 0,
                      .rows = rows,
                      .row_stride = width});
  });
  Print(name, time, 2 * static_cast<double>(kernels::KvBytes(kv, seen, head_dim)),
        4 * static_cast<double>(cells * rows) * group, Hash(out.data(), out.size()));
}

void Bench::Norm(size_t rows, size_t d) const {
  const std::string name = "norm/" + std::to_string(rows) + "x" + std::to_string(d);
  if (!Wanted(name)) return;
  Data x(rows * d);
  Data gain(d);
  std::vector<float> y(rows * d);
  const kernels::NormArgs args = {kernels::Norm::kRms, 1e-5f, false, gain.floats(), nullptr};
  const Timing time = Time([&] { table_.norm(args, x.floats(), y.data(), rows, d); });
  Print(name, time, static_cast<double>(8 * rows * d), 0, Hash(y.data(), y.size()));
}

void Bench::Activate(kernels::Activation activation, const char* kind, size_t count) const {
  const std::string name = "activate/" + std::string(kind) + "/" + std::to_string(count);
  if (!Wanted(name)) return;
  Data gate(count);
  Data up(count);
  std::vector<float> y(count);
  const Timing time =
      Time([&] { table_.activate(activation, gate.floats(), up.floats(), y.data(), count); });
  Print(name, time, static_cast<double>(12 * count), 0, Hash(y.data(), y.size()));
}

void Bench::Half(size_t count) const {
  const std::string name = "f16/" + std::to_string(count);
  if (!Wanted(name)) return;
  Data x(count);
  std::vector<uint16_t> half(count);
  std::vector<float> back(count);
  const Timing narrow = Time([&] { table_.to_f16(x.floats(), half.data(), count); });
  const Timing widen = Time([&] { table_.from_f16(half.data(), back.data(), count); });
  const auto bytes = static_cast<double>(6 * count);
  Print("to_" + name, narrow, bytes, 0, Hash(back.data(), count));
  Print("from_" + name, widen, bytes, 0, Hash(back.data(), count));
}

void RunAll(const Bench& bench, const std::vector<size_t>& heights) {
  for (const size_t mib : {1, 8, 64, 256}) bench.Read(mib << 20);
  for (const kernels::Panel panel :
       {kernels::Panel::kQ4, kernels::Panel::kQ8, kernels::Panel::kF16, kernels::Panel::kF32}) {
    for (const size_t rows : heights) {
      bench.MatMul(panel, rows, 576, 576);    // a 135M model's attention
      bench.MatMul(panel, rows, 1536, 576);   // and its feed-forward
      bench.MatMul(panel, rows, 896, 4864);   // 0.5B, down
      bench.MatMul(panel, rows, 8192, 2048);  // 1B, up
      bench.MatMul(panel, rows, 2048, 8192);  // 1B, down
    }
    bench.MatMul(panel, 1, 49152, 576);  // a head
    bench.MatMul(panel, 1, 32768, 2048);
  }
  for (const auto kv : {kernels::KvKind::kInt8, kernels::KvKind::kF16, kernels::KvKind::kF32}) {
    for (const uint32_t rows : {1u, kernels::kAttentionRows}) {
      bench.Attention(kv, 3, 64, 256, rows);
      bench.Attention(kv, 7, 64, 1024, rows);
      bench.Attention(kv, 4, 64, 2048, rows);
      bench.Attention(kv, 4, 256, 1000, rows, 512);  // a windowed layer of Gemma 3 1B
    }
  }
  bench.Quantize(576);
  bench.Quantize(8192);
  bench.Norm(1, 2048);
  bench.Norm(64, 2048);
  bench.Activate(kernels::Activation::kSilu, "silu", 8192);
  bench.Activate(kernels::Activation::kGeluTanh, "gelu_tanh", 8192);
  bench.Activate(kernels::Activation::kGeluErf, "gelu_erf", 8192);
  bench.Half(8192);
}

}  // namespace
}  // namespace quanta

namespace {

/// The table of that name; null if this CPU has none.
const quanta::kernels::KernelTable* FindTable(const char* name) {
  for (size_t i = 0; i < quanta::kernels::TableCount(); ++i) {
    const auto& table = quanta::kernels::TableAt(i);
    if (std::strcmp(table.name, name) == 0) return &table;
  }
  return nullptr;
}

}  // namespace

int main(int argc, char** argv) {
  int threads = 1;
  const char* only = "";
  std::vector<size_t> heights = {1, 64};
  const quanta::kernels::KernelTable* table = &quanta::kernels::Best();
  for (int i = 1; i < argc; i += 2) {
    const bool has_value = i + 1 < argc;
    if (has_value && std::strcmp(argv[i], "--threads") == 0) {
      threads = std::atoi(argv[i + 1]);
    } else if (has_value && std::strcmp(argv[i], "--table") == 0) {
      table = FindTable(argv[i + 1]);
    } else if (has_value && std::strcmp(argv[i], "--only") == 0) {
      only = argv[i + 1];
    } else if (has_value && std::strcmp(argv[i], "--rows") == 0) {
      heights = {static_cast<size_t>(std::max(1, std::atoi(argv[i + 1])))};
    } else if (has_value && std::strcmp(argv[i], "--calls") == 0) {
      quanta::exact_calls = std::max(1, std::atoi(argv[i + 1]));
    } else if (has_value && std::strcmp(argv[i], "--way") == 0) {
      quanta::kernels::FasterWay::Force(std::clamp(std::atoi(argv[i + 1]), 0, 1));
    } else {
      table = nullptr;
    }
    if (table == nullptr) {
      std::fprintf(stderr,
                   "usage: bench_kernels [--threads N] [--table NAME] [--only TEXT] [--rows N]"
                   " [--calls N] [--way 0|1]\n");
      return 2;
    }
  }
  threads = quanta::ThreadPool::Process().Reserve(threads);
  std::printf("{\"table\":\"%s\",\"threads\":%d}\n", table->name, threads);
  quanta::RunAll(quanta::Bench(*table, threads, only), heights);
  return 0;
}
