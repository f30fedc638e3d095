// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>

#include "train_host/math/random.h"
#include "train_host/model/batch.h"

namespace quanta::train::testing {

/// Rows of random tokens; documents of 1 to 7 tokens, or up to the row's end, whose last token
/// has no target.
inline Batch SmallBatch(size_t rows, size_t length, uint32_t vocab, uint64_t seed = 1) {
  Batch batch;
  batch.rows = rows;
  batch.length = length;
  batch.row_segments.push_back(0);
  for (size_t row = 0; row < rows; ++row) {
    for (size_t begin = 0; begin < length;) {
      const size_t whole = length > 64 ? 90 : 7;
      const size_t end =
          std::min<size_t>(length, begin + 1 + Below(seed, 1000 + row * length + begin, whole));
      batch.segments.push_back({static_cast<uint32_t>(begin), static_cast<uint32_t>(end)});
      for (size_t t = begin; t < end; ++t) {
        batch.ids.push_back(static_cast<int32_t>(Below(seed, 2 * batch.ids.size(), vocab)));
        const auto target = static_cast<int32_t>(Below(seed, 2 * batch.ids.size() + 1, vocab));
        batch.targets.push_back(t + 1 == end ? -1 : target);
        batch.target_count += t + 1 != end;
        batch.positions.push_back(static_cast<int32_t>(t - begin));
      }
      begin = end;
    }
    batch.row_segments.push_back(batch.segments.size());
  }
  return batch;
}

/// A segment of a batch of one row, alone.
inline Batch Part(const Batch& batch, const Segment& segment) {
  Batch part;
  part.rows = 1;
  part.length = segment.end - segment.begin;
  const auto cut = [&](const std::vector<int32_t>& all) {
    return std::vector<int32_t>(all.begin() + segment.begin, all.begin() + segment.end);
  };
  part.ids = cut(batch.ids);
  part.targets = cut(batch.targets);
  part.positions = cut(batch.positions);
  part.segments = {{0, static_cast<uint32_t>(part.length)}};
  part.row_segments = {0, 1};
  return part;
}

}  // namespace quanta::train::testing
