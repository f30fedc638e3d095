// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>

/// Rows of queries and keys in the order of a rotation of neighbours (2 j, 2 j + 1), as
/// llama.cpp's "norm" rotation wants them, against that of halves (j, j + width / 2).
namespace quanta::converter {

/// Where the row that is `row` in halves lies among neighbours; heads are `head_dim` rows.
constexpr uint32_t InterleavedRow(uint32_t row, uint32_t head_dim) {
  const uint32_t in_head = row % head_dim, half = head_dim / 2;
  return row - in_head + 2 * (in_head % half) + in_head / half;
}

/// The way back.
constexpr uint32_t HalvesRow(uint32_t row, uint32_t head_dim) {
  const uint32_t in_head = row % head_dim;
  return row - in_head + in_head / 2 + in_head % 2 * (head_dim / 2);
}

}  // namespace quanta::converter
