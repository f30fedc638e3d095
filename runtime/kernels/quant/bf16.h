// SPDX-License-Identifier: MIT
#pragma once

#include <bit>
#include <cstdint>

namespace quanta::kernels {

/// bfloat16 to binary32; exact.
constexpr float Bf16ToFloat(uint16_t bits) {
  return std::bit_cast<float>(static_cast<uint32_t>(bits) << 16);
}

/// Rounds a finite number to nearest even; too large becomes infinite.
constexpr uint16_t FloatToBf16(float value) {
  const uint32_t bits = std::bit_cast<uint32_t>(value);
  return static_cast<uint16_t>((bits + 0x7FFFu + (bits >> 16 & 1)) >> 16);
}

}  // namespace quanta::kernels
