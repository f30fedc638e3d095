// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "train_host/layers/attention.h"

namespace quanta::train {

/// What one pass reads: `rows` sequences of `length` tokens. Token t of a row lies at
/// [row * length + t]. Documents share a row, but see only themselves: their positions begin
/// at 0, and attention stays in their segment.
struct Batch {
  size_t rows = 0, length = 0;
  std::vector<int32_t> ids;          ///< [rows * length]
  std::vector<int32_t> targets;      ///< [rows * length]: what follows; -1: nothing to learn
  std::vector<int32_t> positions;    ///< [rows * length], from 0 in every document
  std::vector<Segment> segments;     ///< of all rows, one after the other; they cover each row
  std::vector<size_t> row_segments;  ///< [rows + 1]: where each row's begin in `segments`
  size_t target_count = 0;           ///< targets that are not -1

  size_t tokens() const { return rows * length; }
  std::span<const Segment> SegmentsOf(size_t row) const {
    return std::span(segments).subspan(row_segments[row],
                                       row_segments[row + 1] - row_segments[row]);
  }
};

}  // namespace quanta::train
