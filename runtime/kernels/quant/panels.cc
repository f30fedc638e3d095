// SPDX-License-Identifier: MIT
#include "runtime/kernels/quant/panels.h"

#include <algorithm>
#include <cstring>

#include "runtime/kernels/quant/bf16.h"

namespace quanta::kernels {
namespace {

constexpr size_t kHalf = kGroupColumns / 2;

// Panels lie in files: no object of these types lives there.
template <class T>
T LoadAt(const std::byte* from) {
  T value;
  std::memcpy(&value, from, sizeof(T));
  return value;
}
template <class T>
void StoreAt(std::byte* to, T value) {
  std::memcpy(to, &value, sizeof(T));
}

/// Where the 8 nibble pairs of a half of a group begin.
size_t NibblesAt(size_t group, size_t half, size_t row) {
  return kStripHead + group * kGroupBytes + half * (kNibbleBytes / 2) + row * kHalf / 2;
}
size_t ScaleAt(size_t group, size_t row) {
  return kStripHead + group * kGroupBytes + kNibbleBytes + row * sizeof(uint16_t);
}

int FromNibble(unsigned bits) { return static_cast<int>((bits & 15u) ^ 8u) - 8; }

void UnpackQ8(const std::byte* strip, size_t k, size_t row, float* out) {
  const std::byte* steps = strip + kStripHead;
  const auto scale = LoadAt<float>(steps + StepsOf(k) * kStepBytes + row * sizeof(float));
  for (size_t i = 0; i < k; ++i) {
    const std::byte* q =
        steps + i / kStepColumns * kStepBytes + row * kStepColumns + i % kStepColumns;
    out[i] = scale * static_cast<float>(LoadAt<int8_t>(q));
  }
}

void UnpackQ4(const std::byte* strip, size_t k, size_t row, float* out) {
  for (size_t i = 0; i < k; ++i) {
    const size_t group = i / kGroupColumns;
    const size_t half = i % kGroupColumns / kHalf;
    const size_t place = i % kHalf;
    const auto pair = std::to_integer<unsigned>(strip[NibblesAt(group, half, row) + place % 8]);
    const float scale = 16 * Bf16ToFloat(LoadAt<uint16_t>(strip + ScaleAt(group, row)));
    out[i] = scale * static_cast<float>(FromNibble(place < 8 ? pair : pair >> 4));
  }
}

}  // namespace

void PackQ8Row(const int8_t* q, float scale, size_t k, size_t row, std::byte* strip) {
  std::byte* steps = strip + kStripHead;
  int32_t sum = 0;
  for (size_t i = 0; i < k; i += kStepColumns) {
    const size_t count = std::min(kStepColumns, k - i);
    std::memcpy(steps + i / kStepColumns * kStepBytes + row * kStepColumns, q + i, count);
    for (size_t j = 0; j < count; ++j) sum -= q[i + j];
  }
  StoreAt(strip + row * sizeof(sum), sum);
  StoreAt(steps + StepsOf(k) * kStepBytes + row * sizeof(scale), scale);
}

void PackQ4Group(const int8_t* q, uint16_t scale, size_t group, size_t row, std::byte* strip) {
  auto sum = LoadAt<float>(strip + row * sizeof(float));
  for (size_t half = 0; half < 2; ++half, q += kHalf) {
    int total = 0;
    for (size_t i = 0; i < kHalf; ++i) total += q[i];
    sum -= static_cast<float>(total) * Bf16ToFloat(scale);
    for (size_t i = 0; i < kHalf / 2; ++i) {
      strip[NibblesAt(group, half, row) + i] =
          static_cast<std::byte>((q[i] & 15) | (q[i + kHalf / 2] & 15) << 4);
    }
  }
  StoreAt(strip + row * sizeof(sum), sum);
  StoreAt(strip + ScaleAt(group, row), FloatToBf16(Bf16ToFloat(scale) / 16));
}

void UnpackRow(Panel panel, const std::byte* strip, size_t k, size_t row, float* out) {
  panel == Panel::kQ8 ? UnpackQ8(strip, k, row, out) : UnpackQ4(strip, k, row, out);
}

}  // namespace quanta::kernels
