// SPDX-License-Identifier: MIT
#include "runtime/kernels/targets.h"
// Highway compiles the rest once per target:
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "runtime/kernels/rope.cc"
#include "hwy/foreach_target.h"
#include "runtime/kernels/simd-inl.h"

HWY_BEFORE_NAMESPACE();
namespace quanta::kernels::HWY_NAMESPACE {
namespace {

/// (a, b) turned by the angle with this cosine and sine.
HWY_INLINE void Turn(V cosine, V sine, V* a, V* b) {
  const V turned = hn::MulSub(*a, cosine, hn::Mul(*b, sine));
  *b = hn::MulAdd(*b, cosine, hn::Mul(*a, sine));
  *a = turned;
}

/// Pairs (x[i], x[half + i]).
void RopeHalf(float* x, const float* cosine, const float* sine, size_t half) {
  float* y = x + half;
  size_t i = 0;
  for (; i + kLanes <= half; i += kLanes) {
    V a = hn::LoadU(kF, x + i);
    V b = hn::LoadU(kF, y + i);
    Turn(hn::LoadU(kF, cosine + i), hn::LoadU(kF, sine + i), &a, &b);
    hn::StoreU(a, kF, x + i);
    hn::StoreU(b, kF, y + i);
  }
  if (i == half) return;
  const size_t left = half - i;
  V a = hn::LoadN(kF, x + i, left);
  V b = hn::LoadN(kF, y + i, left);
  Turn(hn::LoadN(kF, cosine + i, left), hn::LoadN(kF, sine + i, left), &a, &b);
  hn::StoreN(a, kF, x + i, left);
  hn::StoreN(b, kF, y + i, left);
}

/// Pairs (x[2 i], x[2 i + 1]).
void RopeInterleaved(float* x, const float* cosine, const float* sine, size_t half) {
  size_t i = 0;
  for (; i + kLanes <= half; i += kLanes) {
    V a;
    V b;
    hn::LoadInterleaved2(kF, x + 2 * i, a, b);
    Turn(hn::LoadU(kF, cosine + i), hn::LoadU(kF, sine + i), &a, &b);
    hn::StoreInterleaved2(a, b, kF, x + 2 * i);
  }
  for (; i < half; ++i) {
    const float a = x[2 * i];
    const float b = x[2 * i + 1];
    x[2 * i] = a * cosine[i] - b * sine[i];
    x[2 * i + 1] = b * cosine[i] + a * sine[i];
  }
}

void Rope(float* x, const float* cosine, const float* sine, size_t heads, size_t head_dim,
          size_t half, Pairing pairing) {
  const auto head = pairing == Pairing::kHalf ? RopeHalf : RopeInterleaved;
  for (size_t h = 0; h < heads; ++h) head(x + h * head_dim, cosine, sine, half);
}

void FillRope(KernelTable* table) { table->rope = Rope; }

}  // namespace
}  // namespace quanta::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace quanta::kernels {
HWY_EXPORT(FillRope);
void FillRope(KernelTable* table) { HWY_DYNAMIC_DISPATCH(FillRope)(table); }
}  // namespace quanta::kernels
#endif
