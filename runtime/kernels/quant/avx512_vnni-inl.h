// SPDX-License-Identifier: MIT
#pragma once

/// What the kernels of AVX-512 with VNNI share: include it in sources for x86-64 only.
///
/// vpdpbusd multiplies unsigned by signed bytes. The weights are the unsigned ones: nibbles as q +
/// 8, bytes as q + 128; what that is too much is -offset and 128 times the row's sum.
///
/// One row: a vector holds 8 columns of 8 bytes, two sums each, added up at the end.
/// Few rows: a strip is unpacked once for all to 16 columns of 4 bytes, so that each row needs one
/// sum, and its activations come as broadcasts of four.
/// Many rows: a block of the columns of two strips is unpacked once for all rows, into the
/// first-level cache. A tile of six rows has twelve sums under way, which is as many as the latency
/// of the two multipliers takes, and a broadcast of four activations serves both strips.
#include <algorithm>
#include <array>
#include <utility>

#include "runtime/kernels/quant/avx512-inl.h"
#include "runtime/kernels/quant/drive.h"

QUANTA_TARGET_BEGIN("avx512f,avx512bw,avx512vl,avx512vnni")
namespace quanta::kernels::avx512 {

/// Of four strips side by side each is fetched a little ahead; one strip at a time, far ahead.
inline constexpr size_t kAhead = 1024;

/// Fetches kBytes that are needed later, of kStrips strips that are read side by side. Where a
/// strip of which `left` bytes are left ends before them, the next one is `jump` bytes further.
template <size_t kStrips, size_t kBytes>
QUANTA_INLINE void FetchAhead(const std::byte* from, size_t left = kAhead, size_t jump = 0) {
  if constexpr (kStrips == 1) {
    Fetch<kBytes, 3>(from + kFarAhead);
  } else {
    Fetch<kBytes, 3>(from + kAhead + (left < kAhead ? jump : 0));
  }
}

inline constexpr size_t kPair = 2;
inline constexpr size_t kPairColumns = kPair * kStripRows;
inline constexpr size_t kQuad = 4;  ///< columns of the matrix that vpdpbusd adds up
inline constexpr size_t kQuads = kGroupColumns / kQuad;

/// Unpacked columns of a pair, kGroups times 32 of them.
struct alignas(64) PairBlock {
  static constexpr size_t kGroups = 24;
  std::byte quads[kGroups][kQuads][kPair][64];  ///< 16 x 4 unsigned bytes
  float scales[kGroups][kPair][kStripRows];     ///< of q4
};

/// Fetches the strips that come next to the second-level cache, little by little.
class NextPair {
 public:
  NextPair(const std::byte* from, size_t bytes, size_t steps)
      : at_(from), end_(from + bytes), lines_((bytes / 64 + steps) / steps) {}

  QUANTA_INLINE void Step() {
    if (at_ >= end_) return;
    for (size_t i = 0; i < lines_; ++i, at_ += 64) __builtin_prefetch(at_, 0, 2);
  }

 private:
  const std::byte *at_, *end_;
  size_t lines_;  ///< a step
};

/// Some rows times a block.
struct PairTask {
  PairBlock* block;
  const std::byte* strips;
  size_t strip_bytes, k;
  size_t row_bytes, y_stride;
  NextPair* next;
  size_t group = 0, groups = 0;     ///< of the matrix, in the block
  const std::byte* rows = nullptr;  ///< QuantizedRow each
  /// [rows, y_stride], 32 columns of it; before the last block: what was added up so far
  float* y = nullptr;

  bool first() const { return group == 0; }
  bool last() const { return group + groups == GroupsOf(k); }
  const std::byte* strip(size_t s) const { return strips + s * strip_bytes; }
  const QuantizedRow& row(size_t r) const {
    return *reinterpret_cast<const QuantizedRow*>(rows + r * row_bytes);
  }
  const int8_t* q() const { return row(0).q() + group * kGroupColumns; }
  void Skip(size_t count) {
    rows += count * row_bytes;
    y += count * y_stride;
  }
  float* out(size_t r, size_t s) const { return y + r * y_stride + s * kStripRows; }
};

/// sum[r][s] += the products of the rows' activations, of the first row from q on, with a group of
/// the block.
template <size_t kCount>
QUANTA_INLINE void AddGroup(const PairTask& task, size_t group, const int8_t* q,
                            __m512i (&sum)[kCount][kPair]) {
  const auto& quads = task.block->quads[group];
#pragma GCC unroll 8
  for (size_t i = 0; i < kQuads; ++i) {
    const __m512i w0 = Load(quads[i][0]), w1 = Load(quads[i][1]);
#pragma GCC unroll 8
    for (size_t r = 0; r < kCount; ++r) {
      const __m512i four = Broadcast4(q + r * task.row_bytes + i * kQuad);
      sum[r][0] = _mm512_dpbusd_epi32(sum[r][0], w0, four);
      sum[r][1] = _mm512_dpbusd_epi32(sum[r][1], w1, four);
    }
  }
}

/// What a block before this one added up, from y; and there for the next one.
template <class V, size_t kCount>
QUANTA_INLINE void LoadSums(const PairTask& task, V (&sum)[kCount][kPair]) {
#pragma GCC unroll 8
  for (size_t r = 0; r < kCount; ++r) {
    __builtin_memcpy(&sum[r][0], task.out(r, 0), sizeof(V));
    __builtin_memcpy(&sum[r][1], task.out(r, 1), sizeof(V));
  }
}
template <class V, size_t kCount>
QUANTA_INLINE void StoreSums(const PairTask& task, const V (&sum)[kCount][kPair]) {
#pragma GCC unroll 8
  for (size_t r = 0; r < kCount; ++r) {
    __builtin_memcpy(task.out(r, 0), &sum[r][0], sizeof(V));
    __builtin_memcpy(task.out(r, 1), &sum[r][1], sizeof(V));
  }
}

/// `Kernel` is what differs between schemes, for at most kTileRows rows:
///   Sum, the vectors that are added up, here Sum (&sum)[kCount][kPair]
///   static void Unpack(task, group): a group into the block
///   template <size_t kCount> static void Begin(task, sum)
///   template <size_t kCount> static void Add(task, group, q, offsets, sum): of the first row
///   template <size_t kCount> static void Finish(task, sum): writes y
/// `Few` makes what is not worth unpacking: few rows, and strips without a second one.
template <class Kernel, void (*Few)(const MatMulTile&)>
class PairDriver {
 public:
  /// KernelTable::matmul.
  static void MatMul(const MatMulTile& tile) {
    const size_t begin = (size_t{tile.begin} + kStripRows - 1) / kStripRows * kStripRows;
    if (tile.rows < kFewRows || begin + kPairColumns > tile.end) return Few(tile);
    const size_t end = tile.end - (tile.end - begin) % kPairColumns;
    PairBlock block;
    for (size_t j = begin; j < end; j += kPairColumns) Pair(tile, j, &block);
    AddBias(tile, begin, end);
    Around<Few>(tile, begin, end);
  }

 private:
  static constexpr size_t kFewRows = 13, kTileRows = 6, kLowest = 4;

  static void Pair(const MatMulTile& tile, size_t column, PairBlock* block) {
    const size_t k = tile.w->k, bytes = StripBytes(tile.w->panel, k), groups = GroupsOf(k);
    const size_t tiles = (tile.rows + kTileRows - 1) / kTileRows;
    const std::byte* strips = StripOf(*tile.w, column);
    NextPair next(strips + kPair * bytes, kPair * bytes, tiles * groups);
    PairTask task = {.block = block,
                     .strips = strips,
                     .strip_bytes = bytes,
                     .k = k,
                     .row_bytes = QuantizedBytes(k),
                     .y_stride = tile.y_stride,
                     .next = &next};
    const size_t blocks = (groups + PairBlock::kGroups - 1) / PairBlock::kGroups;
    for (size_t b = 0; b < blocks; ++b, task.group += task.groups) {
      task.groups = (b + 1) * groups / blocks - task.group;
      task.rows = tile.quantized;
      task.y = tile.y + column;
      Run<kTileRows, true>(task);
      task.Skip(kTileRows);
      size_t left = tile.rows - kTileRows;
      // Two lower tiles are quicker than a full one and a row or two. (Calls of known functions:
      // one by a table takes as long as several rows.)
      for (; left >= kTileRows + kLowest || left == kTileRows; left -= kTileRows) {
        Run<kTileRows, false>(task);
        task.Skip(kTileRows);
      }
      if (left > kTileRows) {
        const size_t count = (left + 1) / 2;
        kRun[count - 1](task);
        task.Skip(count);
        left -= count;
      }
      if (left != 0) kRun[left - 1](task);
    }
  }

  /// Some rows times a block; the first ones unpack it while they are multiplied with it.
  template <size_t kCount, bool kUnpack>
  static void Run(PairTask task) {
    typename Kernel::Sum sum[kCount][kPair];
    if (task.first()) {
      Kernel::template Begin<kCount>(task, sum);
    } else {
      LoadSums(task, sum);
    }
    if constexpr (kUnpack) Kernel::Unpack(task, 0);
    const int8_t* q = task.q();
    const int32_t* offsets = task.row(0).offsets(task.k) + task.group;
    for (size_t g = 0; g < task.groups; ++g, q += kGroupColumns, ++offsets) {
      if (kUnpack && g + 1 < task.groups) Kernel::Unpack(task, g + 1);
      task.next->Step();
      Kernel::template Add<kCount>(task, g, q, offsets, sum);
    }
    if (task.last()) {
      Kernel::template Finish<kCount>(task, sum);
    } else {
      StoreSums(task, sum);
    }
  }

  using Function = void (*)(PairTask);
  template <size_t... kCounts>
  static constexpr std::array<Function, kTileRows> List(std::index_sequence<kCounts...>) {
    return {&Run<kCounts + 1, false>...};
  }
  static constexpr std::array<Function, kTileRows> kRun =
      List(std::make_index_sequence<kTileRows>());
};

/// KernelTable::matmul. kStreams: so many strips side by side for a single row.
template <class Kernel, class Pair, size_t kStreams>
void MatMul(const MatMulTile& tile) {
  if (tile.rows == 1) return RowDriver<Kernel, kStreams>::MatMul(tile);
  PairDriver<Pair, &StripDriver<Kernel>::MatMul>::MatMul(tile);
}

}  // namespace quanta::kernels::avx512
QUANTA_TARGET_END
