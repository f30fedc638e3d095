// SPDX-License-Identifier: MIT
#include "train_host/layers/quantized.h"

#include <algorithm>

#include "runtime/kernels/quant/activations.h"
#include "runtime/kernels/quant/bf16.h"
#include "runtime/kernels/quant/panels.h"
#include "runtime/kernels/quant/quantize.h"

namespace quanta::train {
namespace {

void QuantizeRowQ4(const float* w, size_t k, float* out) {
  for (size_t i = 0; i < k; i += kernels::kGroupColumns) {
    const size_t count = std::min(kernels::kGroupColumns, k - i);
    const kernels::Q4Group group = kernels::QuantizeQ4(w + i, count);
    const float scale = kernels::Bf16ToFloat(group.scale);
    for (size_t j = 0; j < count; ++j) out[i + j] = scale * static_cast<float>(group.q[j]);
  }
}

void QuantizeRowQ8(const float* w, size_t k, int8_t* scratch, float* out) {
  const float scale = kernels::QuantizeQ8(w, k, scratch);
  for (size_t i = 0; i < k; ++i) out[i] = scale * static_cast<float>(scratch[i]);
}

}  // namespace

void QuantizeWeightRows(kernels::Panel panel, const float* w, size_t begin, size_t end, size_t k,
                        int8_t* scratch, float* out) {
  for (size_t row = begin; row < end; ++row) {
    if (panel == kernels::Panel::kQ4) {
      QuantizeRowQ4(w + row * k, k, out + row * k);
    } else {
      QuantizeRowQ8(w + row * k, k, scratch, out + row * k);
    }
  }
}

void QuantizeActivations(const float* x, size_t rows, size_t k, std::byte* scratch, float* out) {
  const kernels::KernelTable& table = kernels::Best();
  for (size_t row = 0; row < rows; ++row) {
    table.quantize(x + row * k, k, scratch);
    const auto& quantized = *reinterpret_cast<const kernels::QuantizedRow*>(scratch);
    const int8_t* q = quantized.q();
    float* y = out + row * k;
    const float scale = quantized.scale;
    const int32_t zero = quantized.zero_point;
    for (size_t i = 0; i < k; ++i) y[i] = scale * static_cast<float>(q[i] - zero);
  }
}

}  // namespace quanta::train
