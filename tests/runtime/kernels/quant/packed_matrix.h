// SPDX-License-Identifier: MIT
#pragma once

#include <cstring>
#include <vector>

#include "runtime/kernels/quant/bf16.h"
#include "tests/runtime/kernels/kernel_test.h"

namespace quanta::kernels {

/// A matrix of quantized weights, and its panels: written from docs/format.md, so that
/// tests compare the library's packing, and not itself, with it.
struct PackedMatrix {
  Panel panel;
  size_t n, k;
  std::vector<int> q;         ///< [n, k]
  std::vector<float> scales;  ///< q8: [n]; q4: [n, groups]
  std::vector<std::byte> bytes;

  size_t groups() const { return (k + 31) / 32; }
  float scale(size_t row, size_t column) const {
    return panel == Panel::kQ8 ? scales[row] : scales[row * groups() + column / 32];
  }

  PackedMatrix(Panel kind, size_t rows, size_t columns) : panel(kind), n(rows), k(columns) {
    q.resize(n * k);
    scales.resize(panel == Panel::kQ8 ? n : n * groups());
  }

  static PackedMatrix Make(Panel panel, size_t n, size_t k, uint64_t seed) {
    PackedMatrix m(panel, n, k);
    Random random(seed);
    const int low = panel == Panel::kQ8 ? -127 : -8, high = panel == Panel::kQ8 ? 127 : 7;
    const auto count = static_cast<uint32_t>(high - low + 1);
    for (int& value : m.q) value = low + static_cast<int>((random.Bits() >> 8) % count);
    for (float& scale : m.scales) {
      scale = Bf16ToFloat(FloatToBf16(0.01f * (1.5f + random.Next())));
    }
    m.Pack();
    return m;
  }

  void Pack() {
    bytes.clear();
    for (size_t first = 0; first < n; first += 16) panel == Panel::kQ8 ? Q8(first) : Q4(first);
  }

  Weights weights(const AlignedCopy& stored) const {
    return {stored.data(), static_cast<uint32_t>(n), static_cast<uint32_t>(k), panel};
  }

 private:
  int At(size_t row, size_t column) const {
    return row < n && column < k ? q[row * k + column] : 0;
  }
  template <class T>
  void Put(T value) {
    const auto* from = reinterpret_cast<const std::byte*>(&value);
    bytes.insert(bytes.end(), from, from + sizeof(T));
  }

  void Q8(size_t first) {
    for (size_t row = first; row < first + 16; ++row) {
      int32_t sum = 0;
      for (size_t i = 0; i < k; ++i) sum -= At(row, i);
      Put(sum);
    }
    for (size_t i = 0; i < k; i += 8) {
      for (size_t row = first; row < first + 16; ++row) {
        for (size_t j = i; j < i + 8; ++j) Put(static_cast<int8_t>(At(row, j)));
      }
    }
    for (size_t row = first; row < first + 16; ++row) Put(row < n ? scales[row] : 0.0f);
    for (size_t row = 0; row < 16; ++row) Put(0.0f);
  }

  void Q4(size_t first) {
    for (size_t row = first; row < first + 16; ++row) {
      float sum = 0;
      for (size_t half = 0; row < n && half < groups() * 2; ++half) {
        float total = 0;
        for (size_t i = half * 16; i < half * 16 + 16; ++i) {
          total += static_cast<float>(At(row, i));
        }
        // Rounded on its own: no fused multiply-add.
        volatile float product = total * scales[row * groups() + half / 2];
        sum -= product;
      }
      Put(sum);
    }
    for (size_t g = 0; g < groups(); ++g) {
      for (size_t half = 0; half < 2; ++half) {
        for (size_t row = first; row < first + 16; ++row) {
          for (size_t i = g * 32 + half * 16; i < g * 32 + half * 16 + 8; ++i) {
            const int low = At(row, i) & 15, high = At(row, i + 8) & 15;
            Put(static_cast<uint8_t>(low | high << 4));
          }
        }
      }
      for (size_t row = first; row < first + 16; ++row) {
        const float sixteenth = row < n ? scales[row * groups() + g] / 16 : 0.0f;
        uint32_t bits;
        std::memcpy(&bits, &sixteenth, 4);
        Put(static_cast<uint16_t>(bits >> 16));
      }
    }
    for (size_t row = 0; row < 16; ++row) Put(0.0f);
  }
};

}  // namespace quanta::kernels
