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
/// Many rows: a block of two strips is unpacked once for all rows. A tile of six rows has twelve
/// sums under way, which is as many as the latency of the two multipliers takes, and a broadcast of
/// four activations serves both strips.
#include "runtime/kernels/quant/avx512-inl.h"
#include "runtime/kernels/quant/drive.h"
#include "runtime/kernels/quant/unpacked.h"

QUANTA_TARGET_BEGIN("avx512f,avx512bw,avx512vl,avx512vnni")
namespace quanta::kernels::avx512 {

inline constexpr size_t kPair = 2;
using PairBlock = UnpackedBlock<kPair>;
using PairTask = UnpackedTask<PairBlock>;

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

/// UnpackedDriver's Kernel. `Scheme` is what differs between schemes, for at most kTileRows rows:
///   Sum, the vectors that are added up, here Sum (&sum)[kCount][kPair]
///   static void Unpack(task, group): a group into the block
///   template <size_t kCount> static void Begin(task, sum)
///   template <size_t kCount> static void Add(task, group, q, offsets, sum): of the first row
///   template <size_t kCount> static void Finish(task, sum): writes y
template <class Scheme>
struct PairKernel {
  using Block = PairBlock;
  static constexpr size_t kFewRows = 13, kTileRows = 6;

  /// The first rows unpack the block while they are multiplied with it.
  template <size_t kCount, bool kUnpack>
  static void Run(const PairTask& given) {
    const PairTask task = given;  // whose fields no store can change
    typename Scheme::Sum sum[kCount][kPair];
    if (task.first()) {
      Scheme::template Begin<kCount>(task, sum);
    } else {
      LoadSums(task, sum);
    }
    if constexpr (kUnpack) Scheme::Unpack(task, 0);
    const int8_t* q = task.q();
    const int32_t* offsets = task.offsets();
    for (size_t g = 0; g < task.groups; ++g, q += kGroupColumns, ++offsets) {
      if (kUnpack && g + 1 < task.groups) Scheme::Unpack(task, g + 1);
      task.next->Step();
      Scheme::template Add<kCount>(task, g, q, offsets, sum);
    }
    if (task.last()) {
      Scheme::template Finish<kCount>(task, sum);
    } else {
      StoreSums(task, sum);
    }
  }
};

/// KernelTable::matmul. Order: how one row goes through the strips.
template <class Kernel, class Pair, class Order>
void MatMul(const MatMulTile& tile) {
  if (tile.rows == 1) return RowDriver<Kernel, Order>::MatMul(tile);
  UnpackedDriver<PairKernel<Pair>, &StripDriver<Kernel>::MatMul>::MatMul(tile);
}

}  // namespace quanta::kernels::avx512
QUANTA_TARGET_END
