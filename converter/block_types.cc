// SPDX-License-Identifier: MIT
#include "converter/block_types.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <cstring>

#include "runtime/kernels/kernels.h"

namespace quanta::converter {
namespace {

/// Takes a block apart, field by field.
class Fields {
 public:
  explicit Fields(const std::byte* at) : at_(reinterpret_cast<const uint8_t*>(at)) {}

  float Half() {
    uint16_t raw = 0;
    std::memcpy(&raw, at_, sizeof(raw));
    at_ += sizeof(raw);
    float value = 0;
    kernels::Best().from_f16(&raw, &value, 1);
    return value;
  }
  const uint8_t* Bytes(size_t count) {
    const uint8_t* bytes = at_;
    at_ += count;
    return bytes;
  }
  uint32_t Word() {
    uint32_t word = 0;
    std::memcpy(&word, Bytes(sizeof(word)), sizeof(word));
    return word;
  }

 private:
  const uint8_t* at_;
};

constexpr size_t kSmall = 32, kHalf = 16;

/// Calls `number(q)` for the 4-bit numbers of a small block and writes what it returns.
template <class Number>
void Nibbles(const uint8_t* q, float* to, const Number& number) {
  for (size_t j = 0; j < kHalf; ++j) {
    to[j] = number(q[j] & 15);
    to[j + kHalf] = number(q[j] >> 4);
  }
}

/// The same with fifth bits: bit j of `high` belongs to number j.
template <class Number>
void NibblesAndBits(const uint8_t* q, uint32_t high, float* to, const Number& number) {
  for (size_t j = 0; j < kHalf; ++j) {
    to[j] = number((q[j] & 15) | static_cast<int>(high >> j & 1) << 4);
    to[j + kHalf] = number((q[j] >> 4) | static_cast<int>(high >> (j + kHalf) & 1) << 4);
  }
}

/// A number as f16, written to `to`; returns what follows it.
std::byte* PutHalf(float number, std::byte* to) {
  uint16_t raw = 0;
  kernels::Best().to_f16(&number, &raw, 1);
  std::memcpy(to, &raw, sizeof(raw));
  return to + sizeof(raw);
}

/// The number of the largest magnitude in a small block, the first of them.
float Largest(const float* from) {
  return *std::max_element(from, from + kSmall,
                           [](float a, float b) { return std::abs(a) < std::abs(b); });
}

/// 1 / d, computed before d is rounded to f16; 0 for a block of zeros.
float Inverse(float d) { return d != 0 ? 1.0f / d : 0.0f; }

constexpr size_t kLarge = 256;

/// Eight pairs of a scale and a minimum of 6 bits each in 12 bytes: the first four pairs in
/// the low bits of bytes 0-3 and 4-7, the others' low nibbles in bytes 8-11 and their two
/// high bits above those of the first.
struct ScaleAndMin {
  std::array<uint8_t, 8> scale, min;

  explicit ScaleAndMin(const uint8_t* packed) {
    for (size_t j = 0; j < 4; ++j) {
      scale[j] = packed[j] & 63;
      min[j] = packed[j + 4] & 63;
      scale[j + 4] = static_cast<uint8_t>((packed[j + 8] & 15) | packed[j] >> 6 << 4);
      min[j + 4] = static_cast<uint8_t>(packed[j + 8] >> 4 | packed[j + 4] >> 6 << 4);
    }
  }
};

/// Sixteen scales of 6 bits in 12 bytes: low nibbles in bytes 0-7, first the low then the
/// high ones; two high bits of each in bytes 8-11.
std::array<int, 16> SixBitScales(const uint8_t* packed) {
  std::array<int, 16> scales{};
  for (size_t i = 0; i < scales.size(); ++i) {
    const int low = i < 8 ? packed[i] & 15 : packed[i - 8] >> 4;
    const int high = packed[8 + i % 4] >> (2 * (i / 4)) & 3;
    scales[i] = low | high << 4;
  }
  return scales;
}

}  // namespace

void WidenQ4_0(const std::byte* from, size_t blocks, float* to) {
  Fields at(from);
  for (; blocks != 0; --blocks, to += kSmall) {
    const float d = at.Half();
    Nibbles(at.Bytes(kHalf), to, [=](int q) { return static_cast<float>(q - 8) * d; });
  }
}

void WidenQ4_1(const std::byte* from, size_t blocks, float* to) {
  Fields at(from);
  for (; blocks != 0; --blocks, to += kSmall) {
    const float d = at.Half(), m = at.Half();
    Nibbles(at.Bytes(kHalf), to, [=](int q) { return static_cast<float>(q) * d + m; });
  }
}

void WidenQ5_0(const std::byte* from, size_t blocks, float* to) {
  Fields at(from);
  for (; blocks != 0; --blocks, to += kSmall) {
    const float d = at.Half();
    const uint32_t high = at.Word();
    NibblesAndBits(at.Bytes(kHalf), high, to,
                   [=](int q) { return static_cast<float>(q - 16) * d; });
  }
}

void WidenQ5_1(const std::byte* from, size_t blocks, float* to) {
  Fields at(from);
  for (; blocks != 0; --blocks, to += kSmall) {
    const float d = at.Half(), m = at.Half();
    const uint32_t high = at.Word();
    NibblesAndBits(at.Bytes(kHalf), high, to, [=](int q) { return static_cast<float>(q) * d + m; });
  }
}

void WidenQ8_0(const std::byte* from, size_t blocks, float* to) {
  Fields at(from);
  for (; blocks != 0; --blocks, to += kSmall) {
    const float d = at.Half();
    const uint8_t* q = at.Bytes(kSmall);
    for (size_t j = 0; j < kSmall; ++j) to[j] = static_cast<float>(static_cast<int8_t>(q[j])) * d;
  }
}

void NarrowQ4_0(const float* from, size_t blocks, std::byte* to) {
  for (; blocks != 0; --blocks, from += kSmall, to += kHalf) {
    const float d = Largest(from) / -8;
    const float inverse = Inverse(d);
    const auto number = [inverse](float x) {
      return std::min(static_cast<int>(x * inverse + 8.5f), 15);
    };
    to = PutHalf(d, to);
    for (size_t j = 0; j < kHalf; ++j) {
      to[j] = static_cast<std::byte>(number(from[j]) | number(from[j + kHalf]) << 4);
    }
  }
}

void NarrowQ8_0(const float* from, size_t blocks, std::byte* to) {
  for (; blocks != 0; --blocks, from += kSmall, to += kSmall) {
    const float d = std::abs(Largest(from)) / 127;
    const float inverse = Inverse(d);
    to = PutHalf(d, to);
    for (size_t j = 0; j < kSmall; ++j) {
      to[j] = static_cast<std::byte>(static_cast<int8_t>(std::round(from[j] * inverse)));
    }
  }
}

void WidenQ2_K(const std::byte* from, size_t blocks, float* to) {
  Fields at(from);
  for (; blocks != 0; --blocks, to += kLarge) {
    const uint8_t* scales = at.Bytes(16);
    const uint8_t* q = at.Bytes(64);
    const float d = at.Half(), e = at.Half();
    // A byte holds one number of each of four groups of 32, two of those in a block.
    for (size_t i = 0; i < kLarge; ++i) {
      const uint8_t s = scales[i / 16];
      const int value = q[i / 128 * 32 + i % 32] >> (2 * (i % 128 / 32)) & 3;
      const float scale = d * static_cast<float>(s & 15), min = e * static_cast<float>(s >> 4);
      to[i] = scale * static_cast<float>(value) - min;
    }
  }
}

void WidenQ3_K(const std::byte* from, size_t blocks, float* to) {
  Fields at(from);
  for (; blocks != 0; --blocks, to += kLarge) {
    const uint8_t* high = at.Bytes(32);
    const uint8_t* q = at.Bytes(64);
    const std::array<int, 16> scales = SixBitScales(at.Bytes(12));
    const float d = at.Half();
    for (size_t i = 0; i < kLarge; ++i) {
      const int low = q[i / 128 * 32 + i % 32] >> (2 * (i % 128 / 32)) & 3;
      const int third = high[i % 32] >> (i / 32) & 1;
      const float scale = d * static_cast<float>(scales[i / 16] - 32);
      to[i] = scale * static_cast<float>(low - (third != 0 ? 0 : 4));
    }
  }
}

void WidenQ4_K(const std::byte* from, size_t blocks, float* to) {
  Fields at(from);
  for (; blocks != 0; --blocks, to += kLarge) {
    const float d = at.Half(), e = at.Half();
    const ScaleAndMin group(at.Bytes(12));
    const uint8_t* q = at.Bytes(128);
    // Two groups of 32 share 32 bytes: low nibbles, then high ones.
    for (size_t i = 0; i < kLarge; ++i) {
      const size_t g = i / 32;
      const int value = q[g / 2 * 32 + i % 32] >> (4 * (g % 2)) & 15;
      const float scale = d * group.scale[g], min = e * group.min[g];
      to[i] = scale * static_cast<float>(value) - min;
    }
  }
}

void WidenQ5_K(const std::byte* from, size_t blocks, float* to) {
  Fields at(from);
  for (; blocks != 0; --blocks, to += kLarge) {
    const float d = at.Half(), e = at.Half();
    const ScaleAndMin group(at.Bytes(12));
    const uint8_t* high = at.Bytes(32);
    const uint8_t* q = at.Bytes(128);
    for (size_t i = 0; i < kLarge; ++i) {
      const size_t g = i / 32;
      const int low = q[g / 2 * 32 + i % 32] >> (4 * (g % 2)) & 15;
      const int fifth = high[i % 32] >> g & 1;
      const float scale = d * group.scale[g], min = e * group.min[g];
      to[i] = scale * static_cast<float>(low + 16 * fifth) - min;
    }
  }
}

void WidenQ6_K(const std::byte* from, size_t blocks, float* to) {
  Fields at(from);
  for (; blocks != 0; --blocks, to += kLarge) {
    const uint8_t* q = at.Bytes(128);
    const uint8_t* high = at.Bytes(64);
    const uint8_t* scales = at.Bytes(16);
    const float d = at.Half();
    // Each half of 128 numbers has 64 bytes of nibbles, low ones first, and 32 of high bits.
    for (size_t i = 0; i < kLarge; ++i) {
      const size_t half = i / 128, in_half = i % 128;
      const int low = q[half * 64 + in_half % 64] >> (4 * (in_half / 64)) & 15;
      const int two = high[half * 32 + i % 32] >> (2 * (in_half / 32)) & 3;
      const float scale = d * static_cast<float>(static_cast<int8_t>(scales[i / 16]));
      to[i] = scale * static_cast<float>((low | two << 4) - 32);
    }
  }
}

}  // namespace quanta::converter
