// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>

/// Numbers in blocks that share scales, as llama.cpp's GGUF files store them: how each kind
/// of block is read. Bit for bit what ggml makes of them: the same operations in f32, in the
/// same order. f16 numbers are written "h", bytes "b"; everything is little-endian.
///
/// Every Widen function writes the numbers of `blocks` blocks to `to`; `from` has any alignment.
/// Source: the layouts in ggml's documentation of its types (ggml-common.h).
namespace quanta::converter {

// 32 numbers a block; those of the low and high nibbles are the two halves of the block.

/// d:h, q:b[16] (4 bits each): d * (q - 8)
void WidenQ4_0(const std::byte* from, size_t blocks, float* to);
/// d:h, m:h, q:b[16]: d * q + m
void WidenQ4_1(const std::byte* from, size_t blocks, float* to);
/// d:h, the fifth bits:b[4], q:b[16]: d * (q - 16)
void WidenQ5_0(const std::byte* from, size_t blocks, float* to);
/// d:h, m:h, the fifth bits:b[4], q:b[16]: d * q + m
void WidenQ5_1(const std::byte* from, size_t blocks, float* to);
/// d:h, q:int8[32]: d * q
void WidenQ8_0(const std::byte* from, size_t blocks, float* to);

// Their rounding, ggml's reference: every byte is what llama-quantize writes. The numbers are
// finite, and within the range of f16.

/// m = the number of the largest magnitude, the first of them; d = m / -8,
/// q = min(trunc(x / d + 8.5), 15)
void NarrowQ4_0(const float* from, size_t blocks, std::byte* to);
/// d = max |x| / 127, q = x / d to the nearest, ties away from 0
void NarrowQ8_0(const float* from, size_t blocks, std::byte* to);

// 256 numbers a block, in groups of 16 or 32 with scales s (and minima m) of their own.

/// s and m:b[16] (4 bits each), q:b[64] (2 bits), d:h, e:h: d * s * q - e * m
void WidenQ2_K(const std::byte* from, size_t blocks, float* to);
/// the third bits:b[32], q:b[64] (2 bits), s:b[12] (6 bits), d:h: d * (s - 32) * (q - 4)
void WidenQ3_K(const std::byte* from, size_t blocks, float* to);
/// d:h, e:h, s and m:b[12] (6 bits each), q:b[128]: d * s * q - e * m
void WidenQ4_K(const std::byte* from, size_t blocks, float* to);
/// d:h, e:h, s and m:b[12], the fifth bits:b[32], q:b[128]: d * s * q - e * m
void WidenQ5_K(const std::byte* from, size_t blocks, float* to);
/// low nibbles:b[128], high bits:b[64] (2 each), s:int8[16], d:h: d * s * (q - 32)
void WidenQ6_K(const std::byte* from, size_t blocks, float* to);

}  // namespace quanta::converter
