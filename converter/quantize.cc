// SPDX-License-Identifier: MIT
#include "converter/quantize.h"

#include <algorithm>
#include <bit>
#include <cinttypes>
#include <cmath>
#include <iterator>
#include <vector>

#include "converter/error.h"
#include "runtime/core/thread_pool.h"
#include "runtime/kernels/quant/panels.h"
#include "runtime/kernels/quant/quantize.h"

namespace quanta::converter {
namespace {

constexpr size_t kBlock = size_t{256} << 10;  // elements, unless a row has more
/// From here on f16 rounds to infinity: halfway between its largest number and the next.
constexpr float kF16Overflow = 65520.0f;

constexpr uint32_t kInfinityBits = 0x7f800000;

/// A number's bits without its sign order numbers by magnitude, infinities and NaNs last.
uint32_t MagnitudeBits(float value) { return std::bit_cast<uint32_t>(value) & 0x7fffffffu; }

/// The largest of them. Several maxima side by side, so that compilers use vectors.
uint32_t LargestBits(std::span<const float> values) {
  constexpr size_t kLanes = 16;
  uint32_t lanes[kLanes] = {};
  size_t i = 0;
  for (; i + kLanes <= values.size(); i += kLanes) {
    for (size_t j = 0; j < kLanes; ++j) {
      const uint32_t bits = MagnitudeBits(values[i + j]);
      lanes[j] = bits > lanes[j] ? bits : lanes[j];
    }
  }
  for (; i < values.size(); ++i) lanes[0] = std::max(lanes[0], MagnitudeBits(values[i]));
  return *std::max_element(std::begin(lanes), std::end(lanes));
}

/// `first`: where `values` begin in the tensor; one of them is not finite.
[[noreturn]] void ThrowNotFinite(const SourceTensor& tensor, uint64_t first,
                                 std::span<const float> values) {
  const auto bad = std::find_if(values.begin(), values.end(),
                                [](float value) { return MagnitudeBits(value) >= kInfinityBits; });
  const uint64_t index = first + static_cast<uint64_t>(bad - values.begin());
  const std::string at = tensor.matrix ? Format("[%" PRIu64 ", %" PRIu64 "]",
                                                index / tensor.columns, index % tensor.columns)
                                       : Format("[%" PRIu64 "]", index);
  throw Error(Code::kCorrupt, tensor.place,
              "tensor '" + tensor.name + "' element " + at + " is " +
                  (std::isnan(*bad) ? "not a number" : "infinite"),
              "the checkpoint is damaged or its training diverged");
}

/// Calls `body(values, largest)` with the tensor's numbers, some rows at a time, after
/// checking them, and the magnitude bits of the largest. Blocks begin at multiples of
/// `unit` rows.
template <class Body>
void ForEachBlock(const SourceTensor& tensor, Progress* progress, const Body& body,
                  size_t unit = 1) {
  const uint32_t columns = tensor.columns;
  const auto step = static_cast<uint32_t>(std::max<size_t>(kBlock / columns / unit, 1) * unit);
  std::vector<float> values(size_t{std::min(step, tensor.rows)} * columns);
  for (uint32_t first = 0; first < tensor.rows; first += step) {
    const uint32_t rows = std::min(step, tensor.rows - first);
    const std::span<float> block = std::span(values).first(size_t{rows} * columns);
    tensor.source->Read(first, rows, block.data());
    const uint32_t largest = LargestBits(block);
    if (largest >= kInfinityBits) ThrowNotFinite(tensor, uint64_t{first} * columns, block);
    body(block, largest);
    tensor.source->Release(first, rows);
    progress->Advance(tensor.bytes / tensor.rows * rows);
  }
}

/// What rounding lost so far. Sums side by side, for vectors.
class ErrorSum {
 public:
  void Add(std::span<const float> source, std::span<const float> stored) {
    size_t i = 0;
    for (; i + kLanes <= source.size(); i += kLanes) {
      for (size_t j = 0; j < kLanes; ++j) AddOne(source[i + j], stored[i + j], j);
    }
    for (; i < source.size(); ++i) AddOne(source[i], stored[i], 0);
  }

  StoreError Total(uint64_t count) const {
    double squares = 0;
    for (const double lane : squares_) squares += lane;
    return {std::sqrt(squares / static_cast<double>(std::max<uint64_t>(count, 1))),
            *std::max_element(std::begin(largest_), std::end(largest_))};
  }

 private:
  static constexpr size_t kLanes = 8;

  void AddOne(float source, float stored, size_t lane) {
    const float lost = std::abs(stored - source);
    squares_[lane] += double{lost} * double{lost};
    largest_[lane] = lost > largest_[lane] ? lost : largest_[lane];
  }

  double squares_[kLanes] = {};
  float largest_[kLanes] = {};
};

}  // namespace

uint64_t FitsF16Bytes(const SourceTensor& tensor) { return tensor.fits_f16 ? 0 : tensor.bytes; }

bool FitsF16(const SourceTensor& tensor, Progress* progress) {
  if (tensor.fits_f16) return true;
  uint32_t largest = 0;
  ForEachBlock(tensor, progress, [&](std::span<const float>, uint32_t in_block) {
    largest = std::max(largest, in_block);
  });
  return std::bit_cast<float>(largest) < kF16Overflow;
}

StoreError StoreTensor(const SourceTensor& tensor, const ElementType& type, Progress* progress,
                       const std::function<void(std::span<const std::byte>)>& sink) {
  QUANTA_CHECK(type.narrow != nullptr && tensor.columns % type.block == 0);
  std::vector<std::byte> bytes;
  std::vector<float> stored;
  ErrorSum lost;
  ForEachBlock(tensor, progress, [&](std::span<const float> values, uint32_t) {
    const size_t blocks = values.size() / type.block;
    bytes.resize(static_cast<size_t>(type.Bytes(values.size())));
    stored.resize(values.size());
    type.narrow(values.data(), blocks, bytes.data());
    sink(bytes);
    type.widen(bytes.data(), blocks, stored.data());
    lost.Add(values, stored);
  });
  return lost.Total(tensor.count());
}

namespace {

/// Quantizes and packs `values` [rows, columns], and makes of them what they became.
class StripMaker {
 public:
  StripMaker(kernels::Panel panel, size_t columns)
      : panel_(panel),
        columns_(columns),
        threads_(ThreadPool::Process().Reserve(ThreadPool::UsableCores())),
        scratch_(static_cast<size_t>(threads_) * columns) {}

  std::span<const std::byte> Make(std::span<const float> values) {
    const size_t rows = values.size() / columns_;
    const size_t strips = (rows + kernels::kStripRows - 1) / kernels::kStripRows;
    const size_t strip_bytes = kernels::StripBytes(panel_, columns_);
    bytes_.resize(strips * strip_bytes);
    stored_.resize(values.size());
    ParallelFor(ThreadPool::Process(), strips, threads_, [&](size_t strip, int worker) {
      const size_t first = strip * kernels::kStripRows;
      const size_t count = std::min(kernels::kStripRows, rows - first);
      std::byte* to = bytes_.data() + strip * strip_bytes;
      kernels::QuantizeStrip(panel_, values.data() + first * columns_, count, columns_,
                             scratch_.data() + static_cast<size_t>(worker) * columns_, to);
      for (size_t row = 0; row < count; ++row) {
        kernels::UnpackRow(panel_, to, columns_, row, stored_.data() + (first + row) * columns_);
      }
    });
    return bytes_;
  }
  std::span<const float> stored() const { return stored_; }

 private:
  kernels::Panel panel_;
  size_t columns_;
  int threads_;
  std::vector<int8_t> scratch_;  ///< [threads, columns]
  std::vector<std::byte> bytes_;
  std::vector<float> stored_;
};

}  // namespace

StoreError StorePanels(const SourceTensor& tensor, format::Panel panel, Progress* progress,
                       const std::function<void(std::span<const std::byte>)>& sink) {
  // Panels of numbers one by one are rows as checkpoints store them.
  if (panel == format::Panel::kF32 || panel == format::Panel::kF16) {
    const char* type = panel == format::Panel::kF32 ? "F32" : "F16";
    return StoreTensor(tensor, *FindElementType(type), progress, sink);
  }
  StripMaker maker(static_cast<kernels::Panel>(panel), tensor.columns);
  ErrorSum lost;
  ForEachBlock(
      tensor, progress,
      [&](std::span<const float> values, uint32_t) {
        sink(maker.Make(values));
        lost.Add(values, maker.stored());
      },
      kernels::kStripRows);
  return lost.Total(tensor.count());
}

}  // namespace quanta::converter
