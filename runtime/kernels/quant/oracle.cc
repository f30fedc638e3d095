// SPDX-License-Identifier: MIT
#include "runtime/kernels/quant/oracle.h"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "runtime/kernels/quant/activations.h"
#include "runtime/kernels/quant/bf16.h"

namespace quanta::kernels {
namespace {

template <class T>
T LoadAt(const std::byte* from, size_t index) {
  T value;
  std::memcpy(&value, from + index * sizeof(T), sizeof(T));
  return value;
}

const QuantizedRow& RowAt(const MatMulTile& tile, size_t t) {
  return *reinterpret_cast<const QuantizedRow*>(tile.quantized + t * QuantizedBytes(tile.w->k));
}

float ProductQ8(const QuantizedRow& row, const std::byte* strip, size_t k, size_t j) {
  const std::byte* steps = strip + kStripHead;
  int64_t sum = int64_t{row.zero_point} * LoadAt<int32_t>(strip, j);
  for (size_t i = 0; i < k; ++i) {
    const size_t at = i / kStepColumns * kStepBytes + j * kStepColumns + i % kStepColumns;
    sum += row.q()[i] * LoadAt<int8_t>(steps, at);
  }
  const auto scale = LoadAt<float>(steps + StepsOf(k) * kStepBytes, j);
  return static_cast<float>(sum) * row.scale * scale;
}

/// What 16 activations and the 8 bytes of nibbles of a row give.
int HalfSum(const int8_t* q, const std::byte* nibbles) {
  int sum = 0;
  for (size_t i = 0; i < 8; ++i) {
    const auto pair = LoadAt<int8_t>(nibbles, i);
    const int low = static_cast<int8_t>(pair << 4) / 16;
    const int high = (pair & ~15) / 16;
    sum += q[i] * low + q[i + 8] * high;
  }
  return sum;
}

float ProductQ4(const QuantizedRow& row, const std::byte* strip, size_t k, size_t j, bool fused) {
  float f = static_cast<float>(row.zero_point) * LoadAt<float>(strip, j);
  const int8_t* q = row.q();
  const std::byte* group = strip + kStripHead;
  for (size_t g = 0; g < GroupsOf(k); ++g, q += kGroupColumns, group += kGroupBytes) {
    const float sum = static_cast<float>(HalfSum(q, group + j * 8) +
                                         HalfSum(q + 16, group + kNibbleBytes / 2 + j * 8));
    const float scale = 16 * Bf16ToFloat(LoadAt<uint16_t>(group + kNibbleBytes, j));
    f = fused ? std::fma(sum, scale, f) : f + sum * scale;
  }
  return f * row.scale;
}

}  // namespace

void QuantizeRow(const float* x, size_t k, std::byte* out) {
  auto* row = reinterpret_cast<QuantizedRow*>(out);
  std::memset(out, 0, QuantizedBytes(k));
  row->scale = NAN;
  if (!std::all_of(x, x + k, [](float value) { return std::isfinite(value); })) return;

  const auto [low, high] = std::minmax_element(x, x + k);
  const ActivationRange range = ChooseRange(*low, *high);
  row->scale = range.scale;
  row->zero_point = range.zero_point;
  for (size_t i = 0; i < k; ++i) {
    const float q = std::nearbyint(x[i] * range.factor) + static_cast<float>(range.zero_point);
    row->q()[i] = static_cast<int8_t>(std::clamp(q, -128.0f, 127.0f));
    row->sum += row->q()[i];
    row->offsets(k)[i / kGroupColumns] -= 8 * row->q()[i];
  }
}

void MultiplyPanels(const MatMulTile& tile, bool fused) {
  const size_t k = tile.w->k;
  for (size_t t = 0; t < tile.rows; ++t) {
    const QuantizedRow& row = RowAt(tile, t);
    for (size_t j = tile.begin; j < tile.end; ++j) {
      const std::byte* strip = StripOf(*tile.w, j);
      const float y = tile.w->panel == Panel::kQ8 ? ProductQ8(row, strip, k, j % kStripRows)
                                                  : ProductQ4(row, strip, k, j % kStripRows, fused);
      tile.y[t * tile.y_stride + j] = tile.bias == nullptr ? y : y + tile.bias[j];
    }
  }
}

void GatherPanel(const Weights& w, uint32_t row, float* out) {
  UnpackRow(w.panel, StripOf(w, row), w.k, row % kStripRows, out);
}

}  // namespace quanta::kernels
