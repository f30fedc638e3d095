// SPDX-License-Identifier: MIT
#include <algorithm>
#include <cmath>

#include "quanta/check.h"
#include "runtime/kernels/targets.h"
// Highway compiles the rest once per target:
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "runtime/kernels/attention.cc"
#include "hwy/foreach_target.h"
#include "runtime/kernels/dot-inl.h"
#include "runtime/kernels/math-inl.h"

HWY_BEFORE_NAMESPACE();
namespace quanta::kernels::HWY_NAMESPACE {
namespace {

/// Neighbouring slots of the cache that hold neighbouring positions. The visible
/// positions are at most two of these: up to the ring's end, and from its start.
template <class T>
struct Run {
  const T* rows;  ///< [count, head_dim]
  size_t count;
  size_t index;  ///< of its first position among the visible ones
};

template <class T>
struct Runs {
  Run<T> run[2];
  Runs(const void* cache, const AttentionArgs& args) {
    const auto* rows = static_cast<const T*>(cache);
    const size_t slot = args.first % args.slots;
    const size_t before = std::min<size_t>(args.count, args.slots - slot);
    run[0] = {rows + slot * args.head_dim, before, 0};
    run[1] = {rows, args.count - before, before};
  }
};

template <class P>
HWY_INLINE void DotRun(const float* q, const Run<typename P::T>& run, size_t d, float* scores) {
  size_t i = 0;
  for (; i + 4 <= run.count; i += 4) {
    V acc[1][4];
    DotTile<P>(q, run.rows + i * d, d, acc);
    hn::StoreU(SumLanes(acc[0][0], acc[0][1], acc[0][2], acc[0][3]), F4(), scores + i);
  }
  for (; i < run.count; ++i) {
    V acc[1][1];
    DotTile<P>(q, run.rows + i * d, d, acc);
    scores[i] = SumLanes(acc[0][0]);
  }
}

struct Scaled {
  V scale;
  HWY_INLINE V operator()(V x) const { return hn::Mul(x, scale); }
};
struct Capped {
  V scale;
  V cap;
  HWY_INLINE V operator()(V x) const { return hn::Mul(Tanh(hn::Div(hn::Mul(x, scale), cap)), cap); }
};

/// scores[i] = q . k of the i-th visible position, scaled and capped.
template <class P>
HWY_INLINE void Scores(const AttentionArgs& args, const float* q) {
  const Runs<typename P::T> runs(args.k, args);
  for (const auto& run : runs.run) DotRun<P>(q, run, args.head_dim, args.scores + run.index);
  const V scale = hn::Set(kF, args.scale);
  if (args.softcap == 0) {
    Map(Scaled{scale}, args.scores, args.count, args.scores);
  } else {
    Map(Capped{scale, hn::Set(kF, args.softcap)}, args.scores, args.count, args.scores);
  }
}

HWY_INLINE float Largest(const float* x, size_t count) {
  const V least = hn::Set(kF, -INFINITY);
  V largest = least;
  size_t i = 0;
  for (; i + kLanes <= count; i += kLanes) largest = hn::Max(largest, hn::LoadU(kF, x + i));
  if (i < count) largest = hn::Max(largest, hn::LoadNOr(least, kF, x + i, count - i));
  return hn::ReduceMax(kF, largest);
}

struct ExpBelow {
  V largest;
  HWY_INLINE V operator()(V x) const { return Exp(hn::Sub(x, largest)); }
};

/// Makes weights of scores, but for a common factor, which is returned.
HWY_INLINE float ToWeights(float* scores, size_t count) {
  Map(ExpBelow{hn::Set(kF, Largest(scores, count))}, scores, count, scores);
  return 1.0f / SumOver(scores, count, 0, Plus());
}

/// Adds up `kCount` vectors of the visible values' elements d..., position by position.
template <class P, size_t kCount, class... Count>
HWY_INLINE void MixColumns(const Runs<typename P::T>& runs, const AttentionArgs& args, size_t d,
                           V (&sum)[kCount], Count... count) {
  QUANTA_UNROLL
  for (size_t c = 0; c < kCount; ++c) sum[c] = hn::Zero(kF);
  for (const auto& run : runs.run) {
    const float* weights = args.scores + run.index;
    const auto* row = run.rows + d;
    for (size_t i = 0; i < run.count; ++i, row += args.head_dim) {
      const V weight = hn::Set(kF, weights[i]);
      QUANTA_UNROLL
      for (size_t c = 0; c < kCount; ++c) {
        sum[c] = hn::MulAdd(weight, P::Load(row + c * kLanes, count...), sum[c]);
      }
    }
  }
}

/// out = factor * sum over the visible positions of weight * value
template <class P>
HWY_INLINE void Mix(const AttentionArgs& args, float factor, float* out) {
  const Runs<typename P::T> runs(args.v, args);
  const V scale = hn::Set(kF, factor);
  const size_t head_dim = args.head_dim;
  size_t d = 0;
  for (; d + 4 * kLanes <= head_dim; d += 4 * kLanes) {
    V sum[4];
    MixColumns<P>(runs, args, d, sum);
    QUANTA_UNROLL
    for (size_t c = 0; c < 4; ++c) hn::StoreU(hn::Mul(sum[c], scale), kF, out + d + c * kLanes);
  }
  V sum[1];
  for (; d + kLanes <= head_dim; d += kLanes) {
    MixColumns<P>(runs, args, d, sum);
    hn::StoreU(hn::Mul(sum[0], scale), kF, out + d);
  }
  if (d == head_dim) return;
  MixColumns<P>(runs, args, d, sum, head_dim - d);
  hn::StoreN(hn::Mul(sum[0], scale), kF, out + d, head_dim - d);
}

template <class P>
void Heads(const AttentionArgs& args) {
  for (size_t g = 0; g < args.group; ++g) {
    Scores<P>(args, args.q + g * args.head_dim);
    const float factor = ToWeights(args.scores, args.count);
    Mix<P>(args, factor, args.out + g * args.head_dim);
  }
}

void Attention(const AttentionArgs& args) {
  QUANTA_DCHECK(args.count != 0 && args.count <= args.slots);
  const auto heads = args.kv == KvKind::kF16 ? Heads<F16> : Heads<F32>;
  heads(args);
}

void FillAttention(KernelTable* table) { table->attention = Attention; }

}  // namespace
}  // namespace quanta::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace quanta::kernels {
HWY_EXPORT(FillAttention);
void FillAttention(KernelTable* table) { HWY_DYNAMIC_DISPATCH(FillAttention)(table); }
}  // namespace quanta::kernels
#endif
