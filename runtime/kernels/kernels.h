// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>

/// The operations of a forward pass, as one table of functions.
///
/// Contract of every entry
///   * Results do not depend on how work is cut: a row, column or head comes out bit
///     for bit the same alone, in any tile, on any thread, for M = 1 and M > 1.
///     (So each output has one fixed order of summation, that depends on K alone.)
///   * Pointers need natural alignment only, except weights: 64 bytes. Nothing is
///     read or written outside the arrays as described.
///   * No allocation, no error: shapes were validated when the model was opened.
///   * Matrices are row-major; T counts tokens (rows of activations).
namespace quanta::kernels {

/// Equal to format::Panel; kept apart so that kernels depend on no file format.
enum class Panel : uint8_t { kF32, kF16, kQ8, kQ4 };
inline constexpr int kPanelKinds = 4;

/// A matrix W [n, k] in panel layout.
struct Weights {
  const std::byte* data = nullptr;
  uint32_t n = 0;
  uint32_t k = 0;
  Panel panel = Panel::kF32;
};

/// Whether products with these weights read rows that `quantize` made.
constexpr bool ReadsQuantized(Panel panel) { return panel == Panel::kQ8 || panel == Panel::kQ4; }

/// Bytes of a row of k activations as `quantize` makes it; a multiple of 64.
constexpr size_t QuantizedBytes(size_t k) {
  const size_t groups = (k + 31) / 32;
  return (64 + groups * (32 + 4) + 63) / 64 * 64;
}

/// y[t, j] = sum_k x[t, k] * W[j, k] (+ bias[j]) for t in [0, rows), j in [begin, end).
struct MatMulTile {
  const Weights* w;
  const float* bias;                     ///< [n] or null
  const float* x;                        ///< [rows, k]; panels f32 and f16
  const std::byte* quantized = nullptr;  ///< [rows, QuantizedBytes(k)]; q8, q4
  float* y;                              ///< [rows, y_stride], of which [begin, end) is written
  size_t y_stride;                       ///< elements, >= end - begin
  uint32_t rows;
  uint32_t begin, end;
};

enum class Norm : uint8_t { kRms, kLayer };
struct NormArgs {
  Norm kind;
  float eps;
  bool eps_outside;   ///< x / (sqrt(var + eps) + eps)
  const float* gain;  ///< [d]
  const float* bias;  ///< [d] or null
};

enum class Activation : uint8_t { kSilu, kGeluTanh, kGeluErf, kRelu };
enum class Pairing : uint8_t { kHalf, kInterleaved };

/// How keys and values are kept. kInt8: a row x is q [head_dim] and a scale, x ~ scale * q, as
/// `to_int8` makes them.
enum class KvKind : uint8_t { kF16, kF32, kInt8 };

/// Rows whose scale were less count as zeros.
inline constexpr float kLeastInt8Scale = 0x1p-120f;
/// Where the scales of int8 rows begin behind them: at a multiple of 4 bytes.
constexpr uint64_t KvScalesAt(uint64_t slots, uint64_t head_dim) {
  return (slots * head_dim + 3) / 4 * 4;
}
/// Bytes of one KV head's keys or values: of `slots` below 2^32, `head_dim` below 2^28.
constexpr uint64_t KvBytes(KvKind kv, uint64_t slots, uint64_t head_dim) {
  if (kv == KvKind::kInt8) return KvScalesAt(slots, head_dim) + slots * sizeof(float);
  return slots * head_dim * (kv == KvKind::kF16 ? 2 : 4);
}
/// f32 scale[slots] of the int8 rows [slots, head_dim] at `cache`, 4-byte aligned.
inline const float* KvScales(const void* cache, size_t slots, size_t head_dim) {
  return reinterpret_cast<const float*>(static_cast<const std::byte*>(cache) +
                                        static_cast<size_t>(KvScalesAt(slots, head_dim)));
}
inline float* KvScales(void* cache, size_t slots, size_t head_dim) {
  return const_cast<float*>(KvScales(static_cast<const void*>(cache), slots, head_dim));
}

/// The most positions that attention takes together.
inline constexpr uint32_t kAttentionRows = 16;
/// Positions of a cache that it takes together.
inline constexpr uint32_t kAttentionBlock = 64;
/// Floats of scratch for rows none of which sees more than `positions`: scores of tables that keep
/// them, or a block of keys and values as floats, if they are none already.
constexpr uint64_t AttentionScratch(KvKind kv, uint64_t positions, uint64_t head_dim) {
  const uint64_t block = kv == KvKind::kF32 ? 0 : 2 * kAttentionBlock * head_dim;
  return positions > block ? positions : block;
}

/// One KV head's queries at some neighbouring positions over its cache. Row r sees the positions
/// before end + r, with a window the last `window` of them; what the cache holds of others does not
/// matter. Its result has the bits that it has alone.
struct AttentionArgs {
  const float* q;  ///< [rows, group, head_dim]: the query heads that share this KV head
  float* out;      ///< [rows, group, head_dim]
  float* scratch;  ///< [AttentionScratch(kv, the most positions of a row, head_dim)]
  const void* k;   ///< [slots, head_dim], of int8 also KvScales; position p in slot p % slots
  const void* v;   ///< likewise
  KvKind kv;
  uint32_t group, head_dim, slots;
  uint32_t end;           ///< not 0
  uint32_t window;        ///< 0 = none
  float scale, softcap;   ///< softcap 0 = none
  uint32_t rows = 1;      ///< at most kAttentionRows
  size_t row_stride = 0;  ///< floats from a row of q and out to the next

  /// The first position that row r sees.
  uint32_t First(uint32_t r) const {
    return window != 0 && end + r > window ? end + r - window : 0;
  }
};

struct KernelTable {
  const char* name;      ///< of the instruction set, e.g. "avx2"; for people
  bool fused;            ///< it has a fused multiply-add
  uint32_t prompt_rows;  ///< so many rows of a prompt at a time are enough for its products

  /// By panel. With q8 and q4 the sums over int8 are exact, and the few roundings
  /// after them are the same everywhere: a result has the bits of Reference() on every
  /// instruction set with a fused multiply-add (`fused`), and of MultiplyPanels(.., false)
  /// on the others.
  void (*matmul[kPanelKinds])(const MatMulTile&);
  /// out[d] = W[row, d], widened; d in [0, k).
  void (*gather[kPanelKinds])(const Weights&, uint32_t row, float* out);
  /// Makes one row x [k] of int8 (quant/activations.h), QuantizedBytes(k) long, 64-byte
  /// aligned: once per row, for all products that read it. The same bits in every table.
  void (*quantize)(const float* x, size_t k, std::byte* out);

  /// y[t] = norm(x[t]) for rows of d; y may be x.
  /// Source: Zhang & Sennrich 2019 (RMS), eq. 4; Ba et al. 2016 (layer), eq. 4.
  void (*norm)(const NormArgs&, const float* x, float* y, size_t rows, size_t d);
  /// Rotates the first 2 * half elements of each of `heads` vectors of head_dim, in
  /// place, by the angles with these cosines and sines [half].
  /// Source: Su et al. 2021 (RoFormer), eq. 34.
  void (*rope)(float* x, const float* cosine, const float* sine, size_t heads, size_t head_dim,
               size_t half, Pairing pairing);
  /// Source: Vaswani et al. 2017, eq. 1, over a cache; grouped queries: Ainslie et al. 2023.
  void (*attention)(const AttentionArgs&);
  /// y[i] = act(gate[i]) * up[i]; up null: y[i] = act(gate[i]). y may be gate or up.
  void (*activate)(Activation, const float* gate, const float* up, float* y, size_t count);
  /// y[i] += scale * x[i]
  void (*add_scaled)(const float* x, float scale, float* y, size_t count);
  /// y[i] = scale * x[i]; y may be x.
  void (*scale)(const float* x, float scale, float* y, size_t count);
  /// y[i] = c * tanh(x[i] / c); y may be x.
  void (*softcap)(const float* x, float c, float* y, size_t count);
  /// Round to nearest even, overflow to infinity.
  void (*to_f16)(const float* x, uint16_t* y, size_t count);
  void (*from_f16)(const uint16_t* x, float* y, size_t count);
  /// y[i] = x[i] / scale, rounded half to even, in [-127, 127], and returns the scale: max|x| /
  /// 127. Where that is below kLeastInt8Scale, both are 0. The same bits in every table; of
  /// numbers that are not finite some bits.
  float (*to_int8)(const float* x, int8_t* y, size_t count);
};

/// Plain loops, the oracle of the tests. Every target has them.
const KernelTable& Reference();

/// The fastest table for the CPU at hand; chosen once, the same for the process.
const KernelTable& Best();

}  // namespace quanta::kernels
