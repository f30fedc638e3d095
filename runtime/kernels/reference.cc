// SPDX-License-Identifier: MIT
//
// The formulas as they are written, in double precision, one element at a time.
#include <algorithm>
#include <cmath>
#include <cstring>

#include "runtime/kernels/half.h"
#include "runtime/kernels/kernels.h"
#include "runtime/kernels/quant/oracle.h"

namespace quanta::kernels {
namespace {

float Load(const float* x) { return *x; }
float Load(const uint16_t* x) { return HalfToFloat(*x); }
float Load(const int8_t* x) { return *x; }

template <class T>
double Dot(const float* x, const T* w, size_t k) {
  double sum = 0;
  for (size_t i = 0; i < k; ++i) sum += static_cast<double>(x[i]) * Load(w + i);
  return sum;
}

template <class T>
void MatMul(const MatMulTile& tile) {
  const auto* w = reinterpret_cast<const T*>(tile.w->data);
  const size_t k = tile.w->k;
  for (size_t t = 0; t < tile.rows; ++t) {
    for (size_t j = tile.begin; j < tile.end; ++j) {
      double y = Dot(tile.x + t * k, w + j * k, k);
      if (tile.bias != nullptr) y += tile.bias[j];
      tile.y[t * tile.y_stride + j] = static_cast<float>(y);
    }
  }
}

template <class T>
void Gather(const Weights& w, uint32_t row, float* out) {
  const T* from = reinterpret_cast<const T*>(w.data) + size_t{row} * w.k;
  for (size_t i = 0; i < w.k; ++i) out[i] = Load(from + i);
}

void MatMulPanels(const MatMulTile& tile) { MultiplyPanels(tile, true); }

void NormRow(const NormArgs& args, const float* x, float* y, size_t d) {
  const auto count = static_cast<double>(d);
  double mean = 0;
  if (args.kind == Norm::kLayer) {
    for (size_t i = 0; i < d; ++i) mean += x[i];
    mean /= count;
  }
  double variance = 0;
  for (size_t i = 0; i < d; ++i) variance += (x[i] - mean) * (x[i] - mean);
  variance /= count;
  const double eps = args.eps;
  const double divisor = std::sqrt(variance + eps) + (args.eps_outside ? eps : 0);
  for (size_t i = 0; i < d; ++i) {
    const double bias = args.bias == nullptr ? 0 : args.bias[i];
    y[i] = static_cast<float>((x[i] - mean) / divisor * args.gain[i] + bias);
  }
}

void NormRows(const NormArgs& args, const float* x, float* y, size_t rows, size_t d) {
  for (size_t t = 0; t < rows; ++t) NormRow(args, x + t * d, y + t * d, d);
}

void Rope(float* x, const float* cosine, const float* sine, size_t heads, size_t head_dim,
          size_t half, Pairing pairing) {
  const size_t step = pairing == Pairing::kHalf ? 1 : 2;
  const size_t distance = pairing == Pairing::kHalf ? half : 1;
  for (size_t h = 0; h < heads; ++h) {
    for (size_t i = 0; i < half; ++i) {
      float* first = x + h * head_dim + i * step;
      float* second = first + distance;
      const double a = *first;
      const double b = *second;
      *first = static_cast<float>(a * cosine[i] - b * sine[i]);
      *second = static_cast<float>(b * cosine[i] + a * sine[i]);
    }
  }
}

template <class T>
void AttentionHead(const AttentionArgs& args, uint32_t r, const float* q, float* out) {
  const size_t d = args.head_dim;
  const uint32_t first = args.First(r), count = args.end + r - first;
  const auto slot = [&](uint32_t i) { return (size_t{first} + i) % args.slots; };
  const auto row = [&](const void* cache, uint32_t i) {
    return static_cast<const T*>(cache) + slot(i) * d;
  };
  const auto scale = [&](const void* cache, uint32_t i) -> double {
    return args.kv == KvKind::kInt8 ? KvScales(cache, args.slots, d)[slot(i)] : 1;
  };
  double largest = -INFINITY;
  for (uint32_t i = 0; i < count; ++i) {
    double score = Dot(q, row(args.k, i), d) * scale(args.k, i) * args.scale;
    if (args.softcap != 0) score = args.softcap * std::tanh(score / args.softcap);
    args.scratch[i] = static_cast<float>(score);
    largest = std::max<double>(largest, args.scratch[i]);
  }
  double sum = 0;
  for (uint32_t i = 0; i < count; ++i) sum += std::exp(args.scratch[i] - largest);
  for (size_t j = 0; j < d; ++j) {
    double mixed = 0;
    for (uint32_t i = 0; i < count; ++i) {
      mixed +=
          std::exp(args.scratch[i] - largest) / sum * scale(args.v, i) * Load(row(args.v, i) + j);
    }
    out[j] = static_cast<float>(mixed);
  }
}

void Attention(const AttentionArgs& args) {
  const auto head = args.kv == KvKind::kF16    ? AttentionHead<uint16_t>
                    : args.kv == KvKind::kInt8 ? AttentionHead<int8_t>
                                               : AttentionHead<float>;
  for (uint32_t r = 0; r < args.rows; ++r) {
    for (size_t g = 0; g < args.group; ++g) {
      const size_t at = r * args.row_stride + g * args.head_dim;
      head(args, r, args.q + at, args.out + at);
    }
  }
}

double Activated(Activation activation, double x) {
  switch (activation) {
    case Activation::kSilu:
      return x / (1 + std::exp(-x));
    case Activation::kGeluTanh:
      return 0.5 * x * (1 + std::tanh(std::sqrt(2 / M_PI) * (x + 0.044715 * x * x * x)));
    case Activation::kGeluErf:
      return 0.5 * x * std::erfc(-x / std::sqrt(2.0));
    case Activation::kRelu:
      return x < 0 ? 0 : x;
  }
  return 0;
}

void Activate(Activation activation, const float* gate, const float* up, float* y, size_t count) {
  for (size_t i = 0; i < count; ++i) {
    y[i] = static_cast<float>(Activated(activation, gate[i]) * (up == nullptr ? 1 : up[i]));
  }
}

void AddScaled(const float* x, float scale, float* y, size_t count) {
  for (size_t i = 0; i < count; ++i) {
    y[i] = static_cast<float>(y[i] + static_cast<double>(scale) * x[i]);
  }
}

void Scale(const float* x, float scale, float* y, size_t count) {
  for (size_t i = 0; i < count; ++i) y[i] = scale * x[i];
}

void Softcap(const float* x, float c, float* y, size_t count) {
  for (size_t i = 0; i < count; ++i) {
    y[i] = static_cast<float>(c * std::tanh(x[i] / static_cast<double>(c)));
  }
}

void ToF16(const float* x, uint16_t* y, size_t count) {
  std::transform(x, x + count, y, FloatToHalf);
}

void FromF16(const uint16_t* x, float* y, size_t count) {
  std::transform(x, x + count, y, HalfToFloat);
}

float ToInt8(const float* x, int8_t* y, size_t count) {
  float largest = 0;
  for (size_t i = 0; i < count; ++i) largest = std::max(largest, std::abs(x[i]));
  const bool nothing = !(largest >= 127 * kLeastInt8Scale);
  const float inverse = nothing ? 0 : 127 / largest;
  for (size_t i = 0; i < count; ++i) {
    const float rounded = std::nearbyint(x[i] * inverse);
    y[i] = static_cast<int8_t>(std::min(127.0f, std::max(-127.0f, rounded)));
  }
  return nothing ? 0 : largest / 127;
}

}  // namespace

const KernelTable& Reference() {
  static constexpr KernelTable table = {
      .name = "reference",
      .fused = true,
      .prompt_rows = 64,
      .matmul = {MatMul<float>, MatMul<uint16_t>, MatMulPanels, MatMulPanels},
      .gather = {Gather<float>, Gather<uint16_t>, GatherPanel, GatherPanel},
      .quantize = QuantizeRow,
      .norm = NormRows,
      .rope = Rope,
      .attention = Attention,
      .activate = Activate,
      .add_scaled = AddScaled,
      .scale = Scale,
      .softcap = Softcap,
      .to_f16 = ToF16,
      .from_f16 = FromF16,
      .to_int8 = ToInt8,
  };
  return table;
}

}  // namespace quanta::kernels
