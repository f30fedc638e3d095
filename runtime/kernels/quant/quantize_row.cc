// SPDX-License-Identifier: MIT
#include <algorithm>
#include <cmath>
#include <cstring>

#include "runtime/kernels/quant/activations.h"
#include "runtime/kernels/targets.h"
// Highway compiles the rest once per target:
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "runtime/kernels/quant/quantize_row.cc"
#include "hwy/foreach_target.h"
#include "runtime/kernels/simd-inl.h"

HWY_BEFORE_NAMESPACE();
namespace quanta::kernels::HWY_NAMESPACE {
namespace {

using I = hn::RebindToSigned<F>;
constexpr I kI;

struct Extremes {
  float low, high;
  bool finite;
};

HWY_INLINE Extremes FindExtremes(const float* x, size_t k) {
  const V zero = hn::Zero(kF);
  // As many at once as hide how long one takes.
  V low[4] = {zero, zero, zero, zero}, high[4] = {zero, zero, zero, zero};
  V poison[4] = {zero, zero, zero, zero};
  const auto take = [&](size_t c, V v) HWY_ATTR {
    low[c] = hn::Min(low[c], v);
    high[c] = hn::Max(high[c], v);
    poison[c] = hn::MulAdd(v, zero, poison[c]);  // NaN from anything that is not finite
  };
  size_t i = 0;
  for (; i + 4 * kLanes <= k; i += 4 * kLanes) {
    QUANTA_UNROLL
    for (size_t c = 0; c < 4; ++c) take(c, hn::LoadU(kF, x + i + c * kLanes));
  }
  for (; i + kLanes <= k; i += kLanes) take(0, hn::LoadU(kF, x + i));
  if (i < k) take(1, hn::LoadN(kF, x + i, k - i));
  const V least = hn::Min(hn::Min(low[0], low[1]), hn::Min(low[2], low[3]));
  const V most = hn::Max(hn::Max(high[0], high[1]), hn::Max(high[2], high[3]));
  const V bad = hn::Add(hn::Add(poison[0], poison[1]), hn::Add(poison[2], poison[3]));
  return {hn::ReduceMin(kF, least), hn::ReduceMax(kF, most), hn::ReduceSum(kF, bad) == 0};
}

/// Of no more than a few hundreds.
HWY_INLINE hn::Vec<I> Rounded(V x) {
#if HWY_ARCH_X86
  return hn::NearestIntInRange(kI, x);  // the other's care for large numbers costs as much again
#else
  return hn::NearestInt(x);
#endif
}

/// The q of kLanes numbers, to memory; returns them.
HWY_INLINE hn::Vec<I> Quantize(V x, V factor, hn::Vec<I> zero_point, int8_t* to) {
  const hn::Rebind<int8_t, F> bytes;
  const auto q = hn::Add(Rounded(hn::Mul(x, factor)), zero_point);
  const auto clamped = hn::Min(hn::Max(q, hn::Set(kI, -128)), hn::Set(kI, 127));
  hn::StoreU(hn::DemoteTo(bytes, clamped), bytes, to);
  return clamped;
}

/// Makes the q of the row, and its sums.
HWY_INLINE void Fill(const float* x, size_t k, const ActivationRange& range, QuantizedRow* row) {
  static_assert(kGroupColumns % kLanes == 0);
  const V factor = hn::Set(kF, range.factor);
  const auto zero_point = hn::Set(kI, range.zero_point);
  int8_t* q = row->q();
  int32_t* offsets = row->offsets(k);
  int32_t total = 0;
  size_t i = 0;
  for (; i + kGroupColumns <= k; i += kGroupColumns) {
    auto sum = hn::Zero(kI);
    for (size_t j = i; j < i + kGroupColumns; j += kLanes) {
      sum = hn::Add(sum, Quantize(hn::LoadU(kF, x + j), factor, zero_point, q + j));
    }
    const int32_t of_group = hn::ReduceSum(kI, sum);
    *offsets++ = -8 * of_group;
    total += of_group;
  }
  if (i < k) {
    // The same instructions on a padded copy; what they make beyond k does not count.
    float last[kGroupColumns] = {};
    int8_t made[kGroupColumns];
    std::memcpy(last, x + i, (k - i) * sizeof(float));
    for (size_t j = 0; j < kGroupColumns; j += kLanes) {
      Quantize(hn::LoadU(kF, last + j), factor, zero_point, made + j);
    }
    std::memset(q + i, 0, kGroupColumns);
    std::memcpy(q + i, made, k - i);
    int32_t of_group = 0;
    for (size_t j = 0; j < k - i; ++j) of_group += made[j];
    *offsets++ = -8 * of_group;
    total += of_group;
  }
  auto* end = reinterpret_cast<std::byte*>(row) + QuantizedBytes(k);
  std::fill(reinterpret_cast<std::byte*>(offsets), end, std::byte{0});
  std::memset(static_cast<void*>(row), 0, QuantizedRow::kHead);
  row->scale = range.scale;
  row->zero_point = range.zero_point;
  row->sum = total;
}

void QuantizeRow(const float* x, size_t k, std::byte* out) {
  auto* row = reinterpret_cast<QuantizedRow*>(out);
  const Extremes extremes = FindExtremes(x, k);
  if (extremes.finite) {
    Fill(x, k, ChooseRange(extremes.low, extremes.high), row);
  } else {
    std::memset(out, 0, QuantizedBytes(k));
    row->scale = NAN;
  }
}

void FillQuantize(KernelTable* table) { table->quantize = QuantizeRow; }

}  // namespace
}  // namespace quanta::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace quanta::kernels {
HWY_EXPORT(FillQuantize);
void FillQuantize(KernelTable* table) { HWY_DYNAMIC_DISPATCH(FillQuantize)(table); }
}  // namespace quanta::kernels
#endif
