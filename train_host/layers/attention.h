// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

/// Causal attention with grouped queries inside documents: position t of a row sees the
/// positions [start of its document, t]. Source: Vaswani et al. 2017, eq. 1; Ainslie et al. 2023.
///
/// Scores exist for one head and kQueryTile queries at a time, and the way back makes them again
/// from the logarithm of their sums: memory is linear in the length.
/// Source: Rabe & Staats 2021; Dao et al. 2022.
namespace quanta::train {

inline constexpr size_t kQueryTile = 64;

/// One row's (sequence's) heads that share a KV head.
struct AttentionShape {
  size_t length;           ///< positions of the row
  size_t heads, kv_heads;  ///< of the model
  size_t head_dim;
  size_t stride;  ///< of qkv: (heads + 2 * kv_heads) * head_dim
  size_t group() const { return heads / kv_heads; }
};

/// A run of positions [begin, end) of a row that see each other.
struct Segment {
  uint32_t begin, end;
};

template <class T>
struct AttentionTask {
  AttentionShape shape;
  size_t kv_head;
  std::span<const Segment> segments;  ///< of the row, in order, covering it
  T scale;                            ///< of scores
  const T* qkv;                       ///< [length, stride]: queries, keys, values, rotated
  T* out;                             ///< [length, heads * head_dim]
  T* log_sums;                        ///< [length, heads]: log of the sum of e^score
  T* scores;                          ///< scratch [kQueryTile, length]
};
template <class T>
void AttentionForward(const AttentionTask<T>& task);

template <class T>
struct AttentionBackTask {
  AttentionShape shape;
  size_t kv_head;
  std::span<const Segment> segments;
  T scale;
  const T* qkv;
  const T* out;       ///< of the way there
  const T* log_sums;  ///< of the way there
  const T* dout;      ///< [length, heads * head_dim]
  T* dqkv;            ///< [length, stride]: this group's columns are written
  T* scores;          ///< scratch [2, kQueryTile, length]
};
template <class T>
void AttentionBackward(const AttentionBackTask<T>& task);

}  // namespace quanta::train
