// SPDX-License-Identifier: MIT
#include <algorithm>
#include <cmath>
#include <cstring>
#include <type_traits>

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

/// Positions whose scores are weighed together. A softmax over all is kept up to
/// date from block to block (Milakov & Gimelshein 2018, algorithm 3), so that keys
/// and values are read once for several heads and no memory grows with the context.
/// Blocks begin at multiples of kBlock, whatever is seen of the first one: rows with
/// a window, which begin one after the other, have the same blocks.
constexpr size_t kBlock = kAttentionBlock;

/// The kinds of rows in a cache: what they are in memory, how many queries look at them
/// together, and of others than floats whether more of one position had better see them as such.
struct KvF32 : F32 {
  static constexpr size_t kHeads = kTileRows<F32>;
};

struct KvF16 {
  using T = uint16_t;
  static constexpr size_t kHeads = kTileRows<F16>;
#if HWY_TARGET == HWY_SSE2 || HWY_ARCH_WASM
  static constexpr bool kWidenOnce = true;
  /// Finite numbers only: what is infinite comes out finite. Sign and magnitude fall into
  /// place, the exponent is short of 112.
  static HWY_INLINE V Widened(hn::Vec<HalfBits> halves) {
    const hn::RebindToSigned<F> i32;
    const hn::Rebind<int16_t, F> i16;
    const auto wide = hn::ShiftLeft<13>(hn::PromoteTo(i32, hn::BitCast(i16, halves)));
    const auto bits = hn::And(wide, hn::Set(i32, static_cast<int32_t>(0x8FFFFFFF)));
    return hn::Mul(hn::BitCast(kF, bits), hn::Set(kF, 0x1p112f));
  }
#else
  static constexpr bool kWidenOnce = false;
  static HWY_INLINE V Widened(hn::Vec<HalfBits> halves) { return Widen(halves); }
#endif
  static HWY_INLINE V Load(const T* from) { return Widened(hn::LoadU(HalfBits(), from)); }
  static HWY_INLINE V Load(const T* from, size_t count) {
    return Widened(hn::LoadN(HalfBits(), from, count));
  }
};

struct KvInt8 {
  using T = int8_t;
  static constexpr size_t kHeads = kTileRows<F16>;
  static constexpr bool kWidenOnce = HWY_TARGET == HWY_SSE2;
  static HWY_INLINE V Widened(hn::Vec<hn::Rebind<int8_t, F>> bytes) {
    return hn::ConvertTo(kF, hn::PromoteTo(hn::RebindToSigned<F>(), bytes));
  }
  static HWY_INLINE V Load(const T* from) {
#if HWY_ARCH_WASM
    // A load of four bytes would go through memory.
    int32_t four;
    std::memcpy(&four, from, sizeof(four));
    const auto all =
        hn::BitCast(hn::FixedTag<int8_t, 16>(), hn::Set(hn::FixedTag<int32_t, 4>(), four));
    return Widened(hn::ResizeBitCast(hn::Rebind<int8_t, F>(), all));
#else
    return Widened(hn::LoadU(hn::Rebind<int8_t, F>(), from));
#endif
  }
  static HWY_INLINE V Load(const T* from, size_t count) {
    return Widened(hn::LoadN(hn::Rebind<int8_t, F>(), from, count));
  }
};

/// One head's keys or values: neighbouring positions in neighbouring slots, the first slot after
/// the last one.
template <class T>
struct Ring {
  const T* rows;        ///< [slots, head_dim]
  const float* scales;  ///< [slots]; null: rows have none
  size_t slots, slot;   ///< slot: of a block's first position, or where that would be

  Ring(const void* cache, const AttentionArgs& args, size_t slot_of_block)
      : rows(static_cast<const T*>(cache)),
        scales(args.kv == KvKind::kInt8 ? KvScales(cache, args.slots, args.head_dim) : nullptr),
        slots(args.slots),
        slot(slot_of_block) {}
  /// A block alone.
  Ring(const T* block, const float* scales_of_block)
      : rows(block), scales(scales_of_block), slots(kBlock), slot(0) {}
};

/// Neighbouring slots that hold neighbouring positions.
template <class T>
struct Run {
  const T* rows;        ///< [count, head_dim]
  const float* scales;  ///< [count], or null
  size_t count;
  size_t index;  ///< of its first position in the block
};

/// `count` positions of a block from its `begin`-th on, all in the ring: at most two runs, up to
/// its end and from its start.
template <class T>
struct Runs {
  Run<T> run[2];
  Runs(const Ring<T>& ring, size_t head_dim, size_t begin, size_t count) {
    size_t slot = ring.slot + begin;
    while (slot >= ring.slots) slot -= ring.slots;  // mostly at most once
    const size_t before = HWY_MIN(count, ring.slots - slot);
    const float* scales = ring.scales == nullptr ? nullptr : ring.scales + slot;
    run[0] = {ring.rows + slot * head_dim, scales, before, begin};
    run[1] = {ring.rows, ring.scales, count - before, begin + before};
  }
};

/// What a block has of keys and values, as they are in the cache or widened.
template <class T>
struct Block {
  Ring<T> keys, values;
};

/// A block of a cache is too short, and lies too often in pages of its own, for what the
/// processor foresees by itself: while rows are read, those at the same place in the next
/// block are on their way.
template <class T>
HWY_INLINE void FetchNext(const T* row, size_t d, size_t rows) {
#if !HWY_ARCH_WASM
  constexpr size_t kLine = 64;
  const auto* next = reinterpret_cast<const char*>(row + kBlock * d);
  for (size_t at = 0; at < rows * d * sizeof(T); at += kLine) __builtin_prefetch(next + at, 0, 2);
#else
  (void)row, (void)d, (void)rows;
#endif
}

// DotRun, Mix and AttendBlock are functions of their own for each kind and number of heads: in one,
// they keep a sanitizing compiler busy for ten minutes. A call is for a block.

struct Scaled {
  V scale;
  HWY_INLINE V operator()(V x) const { return hn::Mul(x, scale); }
};
struct Capped {
  V scale;
  V cap;
  HWY_INLINE V operator()(V x) const { return hn::Mul(Tanh(hn::Div(hn::Mul(x, scale), cap)), cap); }
};

/// One head's softmax so far, weights relative to the largest score.
struct Softmax {
  float largest, sum;
};

/// Queries that look at the same block: one position's heads, or one head's positions.
struct Queries {
  const float* q;
  float* out;
  size_t stride;  ///< floats, of both
  Softmax* softmax;
  size_t softmax_stride;
  size_t end;     ///< what the first query sees ends there, counted from the block's begin
  size_t more;    ///< and so much later with each further query
  size_t window;  ///< and it begins so long before
  bool fetch;     ///< they are the first to see the block: fetch the next one

  HWY_INLINE Queries From(size_t i) const {
    return {q + i * stride, out + i * stride, stride, softmax + i * softmax_stride,
            softmax_stride, end + i * more,   more,   window,
            fetch && i == 0};
  }
  /// The i-th query sees the block's positions [First(i), Last(i)): of every block that it is
  /// given at least one.
  HWY_INLINE size_t First(size_t i) const {
    return end + i * more > window ? end + i * more - window : 0;
  }
  HWY_INLINE size_t Last(size_t i) const { return HWY_MIN(kBlock, end + i * more); }
};

/// scores[i] = function(scores[i]). Returns the largest in each lane, infinitely small ones in
/// those without any.
template <class Function>
HWY_INLINE V MapLargest(const Function& function, float* scores, size_t count) {
  V largest = hn::Set(kF, -INFINITY);
  size_t i = 0;
  for (; i + kLanes <= count; i += kLanes) {
    const V score = function(hn::LoadU(kF, scores + i));
    hn::StoreU(score, kF, scores + i);
    largest = hn::Max(largest, score);
  }
  if (i == count) return largest;
  const V score = function(hn::LoadN(kF, scores + i, count - i));
  hn::StoreN(score, kF, scores + i, count - i);
  return hn::Max(largest, hn::IfThenElse(hn::FirstN(kF, count - i), score, largest));
}

struct ExpBelow {
  V largest;
  HWY_INLINE V operator()(V x) const { return Exp(hn::Sub(x, largest)); }
};

struct Larger {
  template <class Vector>
  HWY_INLINE Vector operator()(Vector a, Vector b) const {
    return hn::Max(a, b);
  }
};

/// Scales the scores of a block and makes weights of them, relative to the largest one so far.
/// factor[r] makes all earlier weights of the r-th query relative to it. What follows from one
/// number of each query is done for all of them at once.
template <size_t kHeads>
HWY_NOINLINE void Weigh(const AttentionArgs& args, const Queries& queries,
                        float (&scores)[kHeads][kBlock], float (&factor)[kHeads]) {
  static_assert(kHeads <= 4);
  const F4 four;
  const V scale = hn::Set(kF, args.scale);
  V lanes[4];
  float largest[4] = {}, sum[4] = {}, factors[4];
  for (size_t r = 0; r < 4; ++r) {
    if (r >= kHeads) {
      lanes[r] = hn::Zero(kF);
      continue;
    }
    const size_t first = queries.First(r), seen = queries.Last(r) - first;
    float* part = scores[r] + first;
    const Softmax& softmax = queries.softmax[r * queries.softmax_stride];
    largest[r] = softmax.largest;
    sum[r] = softmax.sum;
    lanes[r] = args.softcap == 0 ? MapLargest(Scaled{scale}, part, seen)
                                 : MapLargest(Capped{scale, hn::Set(kF, args.softcap)}, part, seen);
  }
  const V4 before = hn::LoadU(four, largest);
  const V4 now = hn::Max(before, FoldLanes(Larger(), lanes[0], lanes[1], lanes[2], lanes[3]));
  const V4 scaling = hn::ResizeBitCast(four, Exp(hn::ResizeBitCast(kF, hn::Sub(before, now))));
  hn::StoreU(now, four, largest);
  hn::StoreU(scaling, four, factors);
  for (size_t r = 0; r < kHeads; ++r) {
    const size_t first = queries.First(r), seen = queries.Last(r) - first;
    float* part = scores[r] + first;
    Map(ExpBelow{hn::Set(kF, largest[r])}, part, seen, part);
    lanes[r] = LanesOver(part, seen, 0, Plus());
    factor[r] = factors[r];
  }
  const V4 added = SumLanes(lanes[0], lanes[1], lanes[2], lanes[3]);
  hn::StoreU(hn::Add(hn::Mul(hn::LoadU(four, sum), scaling), added), four, sum);
  for (size_t r = 0; r < kHeads; ++r) {
    queries.softmax[r * queries.softmax_stride] = {largest[r], sum[r]};
  }
}

/// scores[r][i] = q[r] . k of the block's i-th position, for kHeads queries.
template <class P, size_t kHeads>
HWY_NOINLINE void DotRun(const Queries& queries, const Run<typename P::T>& run, size_t d,
                         float (&scores)[kHeads][kBlock]) {
  size_t i = 0;
  for (; i + kTileCols <= run.count; i += kTileCols) {
    V acc[kHeads][kTileCols];
    if (queries.fetch) FetchNext(run.rows + i * d, d, kTileCols);
    DotTile<P>(queries.q, queries.stride, run.rows + i * d, d, acc);
    V4 sum[kHeads];
    SumRows(acc, sum);
    QUANTA_UNROLL
    for (size_t r = 0; r < kHeads; ++r) hn::StoreU(sum[r], F4(), scores[r] + run.index + i);
  }
  for (; i < run.count; ++i) {
    V acc[kHeads][1];
    DotTile<P>(queries.q, queries.stride, run.rows + i * d, d, acc);
    QUANTA_UNROLL
    for (size_t r = 0; r < kHeads; ++r) scores[r][run.index + i] = SumLanes(acc[r][0]);
  }
}

/// out[r, d...] = factor[r] * out[r, d...] + the sum of weights[r][i] * value i, for
/// kHeads queries and kCount vectors, position by position. `count`: elements, or none
/// for whole vectors.
template <class P, size_t kCount, size_t kHeads, class... Count>
HWY_NOINLINE void Mix(const Runs<typename P::T>& runs, size_t head_dim, size_t d,
                      const float* weights, const float (&factor)[kHeads], const Queries& queries,
                      Count... count) {
  float* out = queries.out + d;
  V sum[kHeads][kCount];
  QUANTA_UNROLL
  for (size_t r = 0; r < kHeads; ++r) {
    QUANTA_UNROLL
    for (size_t c = 0; c < kCount; ++c) {
      const V before = F32::Load(out + r * queries.stride + c * kLanes, count...);
      sum[r][c] = hn::Mul(before, hn::Set(kF, factor[r]));
    }
  }
  for (const auto& run : runs.run) {
    const auto* row = run.rows + d;
    for (size_t i = 0; i < run.count; ++i, row += head_dim) {
      if (d == 0 && queries.fetch) FetchNext(row, head_dim, 1);
      V value[kCount];
      QUANTA_UNROLL
      for (size_t c = 0; c < kCount; ++c) value[c] = P::Load(row + c * kLanes, count...);
      QUANTA_UNROLL
      for (size_t r = 0; r < kHeads; ++r) {
        const V weight = hn::Set(kF, weights[r * kBlock + run.index + i]);
        QUANTA_UNROLL
        for (size_t c = 0; c < kCount; ++c) {
          sum[r][c] = hn::MulAdd(weight, value[c], sum[r][c]);
        }
      }
    }
  }
  QUANTA_UNROLL
  for (size_t r = 0; r < kHeads; ++r) {
    QUANTA_UNROLL
    for (size_t c = 0; c < kCount; ++c) {
      F32::Store(sum[r][c], out + r * queries.stride + c * kLanes, count...);
    }
  }
}

/// Mix for all of head_dim.
template <class P, size_t kHeads>
HWY_INLINE void MixAll(const Runs<typename P::T>& runs, size_t head_dim, const float* weights,
                       const float (&factor)[kHeads], const Queries& queries) {
  // As many sums as there are registers for.
  constexpr bool kMany = HWY_TARGET == HWY_AVX3 || HWY_ARCH_ARM_A64 || kHeads <= 2;
  size_t d = 0;
  if constexpr (kMany) {
    for (; d + 4 * kLanes <= head_dim; d += 4 * kLanes) {
      Mix<P, 4>(runs, head_dim, d, weights, factor, queries);
    }
  }
  for (; d + 2 * kLanes <= head_dim; d += 2 * kLanes) {
    Mix<P, 2>(runs, head_dim, d, weights, factor, queries);
  }
  for (; d + kLanes <= head_dim; d += kLanes) {
    Mix<P, 1>(runs, head_dim, d, weights, factor, queries);
  }
  if (d < head_dim) Mix<P, 1>(runs, head_dim, d, weights, factor, queries, head_dim - d);
}

struct Product {
  HWY_INLINE V operator()(V x, V y) const { return hn::Mul(x, y); }
};

/// values[i] *= the scale of the i-th row, if rows have scales.
template <class T>
HWY_INLINE void TimesScales(const Runs<T>& runs, float* values) {
  for (const auto& run : runs.run) {
    if (run.scales == nullptr) return;
    float* part = values + run.index;
    Map(Product(), part, run.count, static_cast<const float*>(part), run.scales);
  }
}

/// Adds a block to what the first kHeads queries have of the positions before.
template <class P, size_t kHeads>
HWY_NOINLINE void AttendBlock(const AttentionArgs& args, const Queries& queries,
                              const Block<typename P::T>& block) {
  using Positions = Runs<typename P::T>;
  const size_t d = args.head_dim;
  // All see [late, all); the first ones see more before it, the last ones behind it.
  const size_t first = queries.First(0), last = queries.Last(kHeads - 1);
  const size_t late = queries.First(kHeads - 1), all = queries.Last(0);
  float weights[kHeads][kBlock];
  float factor[kHeads];
  // (A query's scores of what it does not see are made, and left.)
  const Positions keys(block.keys, d, first, last - first);
  for (const auto& run : keys.run) DotRun<P>(queries, run, d, weights);
  for (size_t r = 0; r < kHeads; ++r) TimesScales(keys, weights[r]);
  Weigh<kHeads>(args, queries, weights, factor);
  const Positions values(block.values, d, first, last - first);
  for (size_t r = 0; r < kHeads; ++r) TimesScales(values, weights[r]);
  if (first == late && all == last) {
    return MixAll<P>(values, d, weights[0], factor, queries);
  }
  const auto mix_alone = [&](size_t r, size_t from, size_t to) {
    const float one[1] = {factor[r]};
    factor[r] = 1;
    MixAll<P>(Positions(block.values, d, from, to - from), d, weights[r], one, queries.From(r));
  };
  for (size_t r = 0; r < kHeads && queries.First(r) < late; ++r) {
    mix_alone(r, queries.First(r), HWY_MIN(late, queries.Last(r)));
  }
  if (late < all) {
    MixAll<P>(Positions(block.values, d, late, all - late), d, weights[0], factor, queries);
    std::fill_n(factor, kHeads, 1.0f);
  }
  for (size_t r = 0; r < kHeads; ++r) {
    const size_t from = HWY_MAX(late, all);
    if (from < queries.Last(r)) mix_alone(r, from, queries.Last(r));
  }
}

/// The same for `count` queries, kHeads at a time, then fewer.
template <class P, size_t kHeads>
HWY_INLINE void AttendQueries(const AttentionArgs& args, const Queries& queries, size_t count,
                              const Block<typename P::T>& block) {
  size_t i = 0;
  for (; i + kHeads <= count; i += kHeads) AttendBlock<P, kHeads>(args, queries.From(i), block);
  if constexpr (kHeads > 1) {
    AttendQueries<P, kHeads - 1>(args, queries.From(i), count - i, block);
  }
}

/// `count` positions of a block from its `begin`-th on as f32, and their scales: the i-th one at
/// rows [i, head_dim] and scales[i].
template <class P>
HWY_NOINLINE void WidenBlock(const Ring<typename P::T>& ring, size_t head_dim, size_t begin,
                             size_t count, float* rows, float* scales) {
  rows += begin * head_dim;
  for (const auto& run : Runs<typename P::T>(ring, head_dim, begin, count).run) {
    const auto* row = run.rows;
    for (size_t i = 0; i < run.count; ++i, row += head_dim, rows += head_dim) {
      FetchNext(row, head_dim, 1);
      size_t d = 0;
      for (; d + kLanes <= head_dim; d += kLanes) F32::Store(P::Load(row + d), rows + d);
      const size_t left = head_dim - d;
      if (left != 0) F32::Store(P::Load(row + d, left), rows + d, left);
    }
    if (run.scales != nullptr) std::copy_n(run.scales, run.count, scales + run.index);
  }
}

/// Heads that go through the cache together: what one tile of them has read is still in the
/// first-level cache for the next.
constexpr size_t kGroup = 16;

/// What the heads [head, head + heads) of all rows have so far.
template <class P>
class Pass {
 public:
  Pass(const AttentionArgs& args, size_t head, size_t heads)
      : args_(args),
        head_(head),
        heads_(heads),
        window_(args.window != 0 ? args.window : size_t{args.end} + args.rows) {}

  void Run() {
    const size_t d = args_.head_dim, rows = args_.rows;
    for (size_t row = 0; row < rows; ++row) {
      std::fill_n(HeadsOf(row, 0, false).out, heads_ * d, 0.0f);
      std::fill_n(softmax_[row], heads_, Softmax{-INFINITY, 0});
    }
    const size_t end = size_t{args_.end} + rows - 1;
    for (size_t begin = args_.First(0) / kBlock * kBlock; begin < end; begin += kBlock) {
      const size_t slot = begin % args_.slots;
      const Block<T> block = {{args_.k, args_, slot}, {args_.v, args_, slot}};
      if constexpr (std::is_same_v<T, float>) {
        AttendFloats(RowsThatSee(begin), block, true);
      } else if (rows == 1 && !(P::kWidenOnce && heads_ > P::kHeads)) {
        AttendQueries<P, P::kHeads>(args_, HeadsOf(0, begin, true), heads_, block);
      } else {
        AttendWidened(RowsThatSee(begin), block);
      }
    }
    for (size_t row = 0; row < rows; ++row) {
      for (size_t h = 0; h < heads_; ++h) {
        float* out = HeadsOf(row, 0, false).out + h * d;
        const V scale = hn::Set(kF, 1.0f / softmax_[row][h].sum);
        Map(Scaled{scale}, out, d, static_cast<const float*>(out));
      }
    }
  }

 private:
  using T = typename P::T;

  /// Rows [row, row + count) see something of the block that begins with position `begin`.
  struct RowRange {
    size_t begin, row, count;
  };
  RowRange RowsThatSee(size_t begin) const {
    const size_t row = begin < args_.end ? 0 : begin + 1 - args_.end;
    const size_t windows_end = begin + kBlock + window_;  // of the first row that is past the block
    const size_t past = HWY_MIN(args_.rows, windows_end - args_.end);
    return {begin, row, past - row};
  }

  /// `fetch`: the first ones fetch the next block.
  void AttendFloats(const RowRange& rows, const Block<float>& block, bool fetch) {
    if (args_.rows == 1) {
      return AttendQueries<KvF32, KvF32::kHeads>(args_, HeadsOf(0, rows.begin, fetch), heads_,
                                                 block);
    }
    for (size_t h = 0; h < heads_; ++h) {
      AttendQueries<KvF32, KvF32::kHeads>(args_, RowsOf(h, rows, fetch && h == 0), rows.count,
                                          block);
    }
  }

  /// The same by way of floats: every head of a few rows reads the block once.
  void AttendWidened(const RowRange& rows, const Block<T>& block) {
    const size_t d = args_.head_dim;
    const Queries queries = RowsOf(0, rows, false);
    const size_t first = queries.First(0), count = queries.Last(rows.count - 1) - first;
    float* keys = args_.scratch;
    float* values = keys + kBlock * d;
    float scales[2][kBlock];
    WidenBlock<P>(block.keys, d, first, count, keys, scales[0]);
    WidenBlock<P>(block.values, d, first, count, values, scales[1]);
    const bool scaled = block.keys.scales != nullptr;
    AttendFloats(rows,
                 {{keys, scaled ? scales[0] : nullptr}, {values, scaled ? scales[1] : nullptr}},
                 false);
  }

  /// A row's heads.
  Queries HeadsOf(size_t row, size_t block_begin, bool fetch) {
    const size_t at = row * args_.row_stride + head_ * args_.head_dim;
    return {args_.q + at,
            args_.out + at,
            args_.head_dim,
            softmax_[row],
            1,
            args_.end + row - block_begin,
            0,
            window_,
            fetch};
  }
  /// A head's rows.
  Queries RowsOf(size_t head, const RowRange& rows, bool fetch) {
    const size_t at = rows.row * args_.row_stride + (head_ + head) * args_.head_dim;
    return {args_.q + at,
            args_.out + at,
            args_.row_stride,
            &softmax_[rows.row][head],
            kGroup,
            args_.end + rows.row - rows.begin,
            1,
            window_,
            fetch};
  }

  const AttentionArgs& args_;
  size_t head_, heads_;
  size_t window_;                            ///< or as many positions as there are
  Softmax softmax_[kAttentionRows][kGroup];  ///< set by Run, as far as it is used
};

template <class P>
void Attend(const AttentionArgs& args) {
  for (size_t head = 0; head < args.group; head += kGroup) {
    Pass<P>(args, head, HWY_MIN(kGroup, args.group - head)).Run();
  }
}

void Attention(const AttentionArgs& args) {
  QUANTA_DCHECK(args.end != 0 && args.rows != 0 && args.rows <= kAttentionRows);
  QUANTA_DCHECK(args.end + args.rows - 1 - args.First(0) <= args.slots);
  switch (args.kv) {
    case KvKind::kF16:
      return Attend<KvF16>(args);
    case KvKind::kF32:
      return Attend<KvF32>(args);
    case KvKind::kInt8:
      return Attend<KvInt8>(args);
  }
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
