// SPDX-License-Identifier: MIT
#include "converter/quantize.h"

#include <algorithm>
#include <bit>
#include <cinttypes>
#include <cmath>
#include <cstring>
#include <vector>

#include "converter/error.h"
#include "converter/pages.h"
#include "runtime/kernels/kernels.h"

namespace quanta::converter {
namespace {

static_assert(std::endian::native == std::endian::little, "files are read as they are");

constexpr size_t kBlock = size_t{256} << 10;  // elements
/// From here on f16 rounds to infinity: halfway between its largest number and the next.
constexpr float kF16Overflow = 65520.0f;

bool NotFinite(float value) {
  return (std::bit_cast<uint32_t>(value) & 0x7f800000u) == 0x7f800000u;
}

/// Widens elements [first, first + out.size()).
class Widener {
 public:
  explicit Widener(const SourceTensor& tensor) : tensor_(tensor) {}

  void operator()(uint64_t first, std::span<float> out) {
    const size_t element = DtypeBytes(tensor_.dtype);
    const std::byte* source = tensor_.bytes.data() + first * element;
    if (tensor_.dtype == Dtype::kF32) {
      std::memcpy(out.data(), source, out.size_bytes());
    } else {
      raw_.resize(out.size());
      std::memcpy(raw_.data(), source, out.size() * element);
      if (tensor_.dtype == Dtype::kF16) {
        kernels::Best().from_f16(raw_.data(), out.data(), out.size());
      } else {
        for (size_t i = 0; i < out.size(); ++i) {
          out[i] = std::bit_cast<float>(uint32_t{raw_[i]} << 16);
        }
      }
    }
    if (tensor_.transform) tensor_.transform(out);
  }

 private:
  const SourceTensor& tensor_;
  std::vector<uint16_t> raw_;
};

[[noreturn]] void ThrowNotFinite(const SourceTensor& tensor, uint64_t index, float value) {
  const std::string at = tensor.matrix ? Format("[%" PRIu64 ", %" PRIu64 "]",
                                                index / tensor.columns, index % tensor.columns)
                                       : Format("[%" PRIu64 "]", index);
  throw Error(Code::kCorrupt, tensor.place,
              "tensor '" + tensor.name + "' element " + at + " is " +
                  (std::isnan(value) ? "not a number" : "infinite"),
              "the checkpoint is damaged or its training diverged");
}

/// Calls `body(values)` with the tensor's widened values, block by block, after
/// checking them.
template <class Body>
void ForEachBlock(const SourceTensor& tensor, Progress* progress, const Body& body) {
  const uint64_t count = tensor.count();
  const size_t element = DtypeBytes(tensor.dtype);
  Widener widen(tensor);
  std::vector<float> values(static_cast<size_t>(std::min<uint64_t>(kBlock, count)));
  for (uint64_t first = 0; first < count; first += values.size()) {
    const auto size = static_cast<size_t>(std::min<uint64_t>(values.size(), count - first));
    const std::span<float> block = std::span(values).first(size);
    widen(first, block);
    const auto bad = std::find_if(block.begin(), block.end(), NotFinite);
    if (bad != block.end()) {
      ThrowNotFinite(tensor, first + static_cast<uint64_t>(bad - block.begin()), *bad);
    }
    body(block);
    if (tensor.mapped) ReleasePages(tensor.bytes.subspan(first * element, size * element));
    progress->Advance(size * element);
  }
}

/// f16 can only overflow where the source has more range.
bool MayOverflow(const SourceTensor& tensor, format::Panel wanted) {
  return tensor.matrix && wanted == format::Panel::kF16 &&
         (tensor.dtype != Dtype::kF16 || tensor.transform);
}

void Accumulate(std::span<const float> source, std::span<const float> stored, double* squares,
                double* max) {
  for (size_t i = 0; i < source.size(); ++i) {
    const double difference = double{stored[i]} - double{source[i]};
    *squares += difference * difference;
    *max = std::max(*max, std::abs(difference));
  }
}

}  // namespace

uint64_t ChoosePanelBytes(const SourceTensor& tensor, format::Panel wanted) {
  return MayOverflow(tensor, wanted) ? tensor.bytes.size() : 0;
}

format::Panel ChoosePanel(const SourceTensor& tensor, format::Panel wanted, Progress* progress) {
  if (!tensor.matrix) return format::Panel::kF32;
  if (!MayOverflow(tensor, wanted)) return wanted;
  float largest = 0;
  ForEachBlock(tensor, progress, [&](std::span<const float> values) {
    for (const float value : values) largest = std::max(largest, std::abs(value));
  });
  return largest >= kF16Overflow ? format::Panel::kF32 : wanted;
}

StoreError StoreTensor(const SourceTensor& tensor, format::Panel panel, Progress* progress,
                       const std::function<void(std::span<const std::byte>)>& sink) {
  QUANTA_CHECK(panel == format::Panel::kF32 || panel == format::Panel::kF16);
  std::vector<uint16_t> half;
  std::vector<float> stored;
  double squares = 0, max = 0;
  ForEachBlock(tensor, progress, [&](std::span<const float> values) {
    if (panel == format::Panel::kF32) {
      sink(std::as_bytes(values));
      return;
    }
    half.resize(values.size());
    stored.resize(values.size());
    kernels::Best().to_f16(values.data(), half.data(), values.size());
    sink(std::as_bytes(std::span(half)));
    kernels::Best().from_f16(half.data(), stored.data(), half.size());
    Accumulate(values, stored, &squares, &max);
  });
  return {std::sqrt(squares / static_cast<double>(std::max<uint64_t>(tensor.count(), 1))), max};
}

}  // namespace quanta::converter
