// SPDX-License-Identifier: MIT
#include <cmath>

#include "runtime/kernels/targets.h"
// Highway compiles the rest once per target:
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "runtime/kernels/norm.cc"
#include "hwy/foreach_target.h"
#include "runtime/kernels/simd-inl.h"

HWY_BEFORE_NAMESPACE();
namespace quanta::kernels::HWY_NAMESPACE {
namespace {

struct PlusSquare {
  V mean;
  HWY_INLINE V operator()(V x, V sum) const {
    const V distance = hn::Sub(x, mean);
    return hn::MulAdd(distance, distance, sum);
  }
};

/// y = (x - mean) * scale * gain + bias
struct Affine {
  V mean;
  V scale;
  HWY_INLINE V operator()(V x, V gain, V bias) const {
    return hn::MulAdd(hn::Mul(hn::Sub(x, mean), scale), gain, bias);
  }
};

HWY_INLINE void ApplyRow(const NormArgs& args, const Affine& affine, const float* x, float* y,
                         size_t d) {
  const float* bias = args.bias;
  const V zero = hn::Zero(kF);
  size_t i = 0;
  for (; i + kLanes <= d; i += kLanes) {
    const V b = bias == nullptr ? zero : hn::LoadU(kF, bias + i);
    hn::StoreU(affine(hn::LoadU(kF, x + i), hn::LoadU(kF, args.gain + i), b), kF, y + i);
  }
  if (i == d) return;
  const size_t left = d - i;
  const V b = bias == nullptr ? zero : hn::LoadN(kF, bias + i, left);
  const V last = affine(hn::LoadN(kF, x + i, left), hn::LoadN(kF, args.gain + i, left), b);
  hn::StoreN(last, kF, y + i, left);
}

void NormRow(const NormArgs& args, const float* x, float* y, size_t d) {
  const float count = static_cast<float>(d);
  const float mean = args.kind == Norm::kRms ? 0 : SumOver(x, d, 0, Plus()) / count;
  const float variance = SumOver(x, d, mean, PlusSquare{hn::Set(kF, mean)}) / count;
  const float root = std::sqrt(variance + args.eps) + (args.eps_outside ? args.eps : 0.0f);
  ApplyRow(args, Affine{hn::Set(kF, mean), hn::Set(kF, 1.0f / root)}, x, y, d);
}

void NormRows(const NormArgs& args, const float* x, float* y, size_t rows, size_t d) {
  for (size_t t = 0; t < rows; ++t) NormRow(args, x + t * d, y + t * d, d);
}

void FillNorm(KernelTable* table) { table->norm = NormRows; }

}  // namespace
}  // namespace quanta::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace quanta::kernels {
HWY_EXPORT(FillNorm);
void FillNorm(KernelTable* table) { HWY_DYNAMIC_DISPATCH(FillNorm)(table); }
}  // namespace quanta::kernels
#endif
