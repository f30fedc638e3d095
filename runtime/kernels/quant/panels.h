// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>

#include "runtime/kernels/kernels.h"

/// The bytes of quantized matrices: docs/format.md, Panels. A matrix W [n, k] is a
/// sequence of strips of 16 rows; a strip holds, one after the other,
///   q8: i32 sum[16]; for every 8 columns 16 x 8 i8; f32 scale[16]; f32 0[16]
///   q4: f32 sum[16]; for every group of 32 columns 256 bytes of nibbles and
///       bf16 scale[16], each a sixteenth of the scale; f32 0[16]
namespace quanta::kernels {

inline constexpr size_t kStripRows = 16;
inline constexpr size_t kStepColumns = 8;    ///< of q8
inline constexpr size_t kGroupColumns = 32;  ///< of q4
inline constexpr size_t kStepBytes = kStripRows * kStepColumns;
inline constexpr size_t kNibbleBytes = kStripRows * kGroupColumns / 2;
inline constexpr size_t kGroupBytes = kNibbleBytes + kStripRows * 2;
inline constexpr size_t kStripHead = kStripRows * 4;  ///< the sums

constexpr size_t StepsOf(size_t k) { return (k + kStepColumns - 1) / kStepColumns; }
constexpr size_t GroupsOf(size_t k) { return (k + kGroupColumns - 1) / kGroupColumns; }

/// Bytes of a strip of `panel`, which is kQ8 or kQ4.
constexpr size_t StripBytes(Panel panel, size_t k) {
  return panel == Panel::kQ8 ? 3 * kStripHead + StepsOf(k) * kStepBytes
                             : 2 * kStripHead + GroupsOf(k) * kGroupBytes;
}

/// Puts row `row` (0 to 15) into a strip of zeros: `q` [k], each in [-127, 127].
void PackQ8Row(const int8_t* q, float scale, size_t k, size_t row, std::byte* strip);

/// Puts a group of row `row` into a strip of zeros, the row's groups in ascending order:
/// `q` [32], each in [-8, 7] and 0 beyond column k; `scale`: bfloat16, at least 2^-122.
void PackQ4Group(const int8_t* q, uint16_t scale, size_t group, size_t row, std::byte* strip);

/// The values of row `row` (0 to 15) of a strip: scale * q, rounded to f32.
void UnpackRow(Panel panel, const std::byte* strip, size_t k, size_t row, float* out);

/// The strip of row `row` of a matrix.
inline const std::byte* StripOf(const Weights& w, size_t row) {
  return w.data + row / kStripRows * StripBytes(w.panel, w.k);
}

}  // namespace quanta::kernels
