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
  V low = zero, high = zero, poison = zero;
  const auto take = [&](V v) HWY_ATTR {
    low = hn::Min(low, v);
    high = hn::Max(high, v);
    poison = hn::Add(poison, hn::Mul(v, zero));  // NaN from anything that is not finite
  };
  size_t i = 0;
  for (; i + kLanes <= k; i += kLanes) take(hn::LoadU(kF, x + i));
  if (i < k) take(hn::LoadN(kF, x + i, k - i));
  return {hn::ReduceMin(kF, low), hn::ReduceMax(kF, high), hn::ReduceSum(kF, poison) == 0};
}

/// The q of kLanes numbers, to memory; returns them.
HWY_INLINE hn::Vec<I> Quantize(V x, V factor, hn::Vec<I> zero_point, int8_t* to) {
  const hn::Rebind<int8_t, F> bytes;
  const hn::Rebind<int16_t, F> words;
  const auto q = hn::Add(hn::NearestInt(hn::Mul(x, factor)), zero_point);
  const auto clamped = hn::Min(hn::Max(q, hn::Set(kI, -128)), hn::Set(kI, 127));
  hn::StoreU(hn::DemoteTo(bytes, hn::DemoteTo(words, clamped)), bytes, to);
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
