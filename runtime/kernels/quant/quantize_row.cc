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

/// How a row's numbers become q.
struct Rule {
  V factor;
  hn::Vec<I> zero_point;

  /// Before it is clamped.
  HWY_INLINE hn::Vec<I> operator()(const float* x) const {
    return hn::Add(Rounded(hn::Mul(hn::LoadU(kF, x), factor)), zero_point);
  }
};

using Bytes = hn::Repartition<int8_t, F>;
constexpr size_t kBytes = 4 * kLanes;

/// The q of kBytes numbers: what makes them narrow clamps them.
HWY_INLINE hn::Vec<Bytes> Quantize(const Rule& rule, const float* x) {
  const hn::Repartition<int16_t, F> shorts;
  const auto ab = hn::OrderedDemote2To(shorts, rule(x), rule(x + kLanes));
  const auto cd = hn::OrderedDemote2To(shorts, rule(x + 2 * kLanes), rule(x + 3 * kLanes));
  return hn::OrderedDemote2To(Bytes(), ab, cd);
}

/// The sums of eight q + 128 each, in every second lane; zeros in the others.
HWY_INLINE hn::Vec<I> SumsOfEights(hn::Vec<Bytes> q) {
  const hn::RebindToUnsigned<Bytes> bytes;
  return hn::BitCast(kI, hn::SumsOf8(hn::Xor(hn::BitCast(bytes, q), hn::Set(bytes, 0x80))));
}

using I4 = hn::FixedTag<int32_t, 4>;
/// Groups whose sums are folded together.
constexpr size_t kGroups = 4;

/// The q of kGroups groups, and their sums.
HWY_INLINE hn::Vec<I4> QuantizeGroups(const Rule& rule, const float* x, int8_t* q) {
  hn::Vec<I> sum[kGroups * kGroupColumns / kBytes];
  QUANTA_UNROLL
  for (size_t i = 0; i < kGroups * kGroupColumns; i += kBytes) {
    const auto bytes = Quantize(rule, x + i);
    hn::StoreU(bytes, Bytes(), q + i);
    sum[i / kBytes] = SumsOfEights(bytes);
  }
  const I4 four;
#if HWY_MAX_BYTES >= 64
  const auto ab = hn::Add(sum[0], hn::SwapAdjacentBlocks(sum[0]));
  const auto cd = hn::Add(sum[1], hn::SwapAdjacentBlocks(sum[1]));
  const auto sums = SumFours(four, hn::ExtractBlock<0>(ab), hn::ExtractBlock<2>(ab),
                             hn::ExtractBlock<0>(cd), hn::ExtractBlock<2>(cd));
#elif HWY_MAX_BYTES >= 32
  const auto sums = SumFours(four, Fold4(sum[0]), Fold4(sum[1]), Fold4(sum[2]), Fold4(sum[3]));
#else
  const auto sums = SumFours(four, hn::Add(sum[0], sum[1]), hn::Add(sum[2], sum[3]),
                             hn::Add(sum[4], sum[5]), hn::Add(sum[6], sum[7]));
#endif
  return hn::Sub(sums, hn::Set(four, 128 * int32_t{kGroupColumns}));
}

/// Makes the q of the row, and its sums.
HWY_INLINE void Fill(const float* x, size_t k, const ActivationRange& range, QuantizedRow* row) {
  constexpr size_t kStep = kGroups * kGroupColumns;
  const Rule rule = {hn::Set(kF, range.factor), hn::Set(kI, range.zero_point)};
  const I4 four;
  int8_t* q = row->q();
  int32_t* offsets = row->offsets(k);
  auto totals = hn::Zero(four);
  size_t i = 0;
  for (; i + kStep <= k; i += kStep, offsets += kGroups) {
    const auto sums = QuantizeGroups(rule, x + i, q + i);
    hn::StoreU(hn::Neg(hn::ShiftLeft<3>(sums)), four, offsets);
    totals = hn::Add(totals, sums);
  }
  int32_t total = hn::ReduceSum(four, totals);
  if (i < k) {
    // The same instructions on a copy padded by zeros, whose q is the zero point.
    float last[kStep] = {};
    int8_t made[kStep];
    int32_t sums[kGroups];
    std::memcpy(last, x + i, (k - i) * sizeof(float));
    hn::StoreU(QuantizeGroups(rule, last, made), four, sums);
    std::memset(made + (k - i), 0, kStep - (k - i));
    for (size_t g = 0; i < k; ++g, i += kGroupColumns) {
      std::memcpy(q + i, made + g * kGroupColumns, kGroupColumns);
      const auto padding = static_cast<int32_t>(kGroupColumns - HWY_MIN(kGroupColumns, k - i));
      const int32_t sum = sums[g] - padding * range.zero_point;
      *offsets++ = -8 * sum;
      total += sum;
    }
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
