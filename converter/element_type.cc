// SPDX-License-Identifier: MIT
#include "converter/element_type.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>

#include "converter/block_types.h"
#include "runtime/kernels/kernels.h"

namespace quanta::converter {
namespace {

static_assert(std::endian::native == std::endian::little, "files are read as they are");

void WidenF32(const std::byte* from, size_t count, float* to) { std::memcpy(to, from, count * 4); }
void NarrowF32(const float* from, size_t count, std::byte* to) { std::memcpy(to, from, count * 4); }

/// Calls `widen(halves, to, n)` with aligned copies of the 16-bit numbers at `from`.
template <class Widen>
void InPieces(const std::byte* from, size_t count, float* to, const Widen& widen) {
  std::array<uint16_t, 1024> raw;
  while (count != 0) {
    const size_t n = std::min(count, raw.size());
    std::memcpy(raw.data(), from, n * 2);
    widen(raw.data(), to, n);
    from += n * 2;
    to += n;
    count -= n;
  }
}

void WidenF16(const std::byte* from, size_t count, float* to) {
  InPieces(from, count, to, kernels::Best().from_f16);
}

void WidenBF16(const std::byte* from, size_t count, float* to) {
  InPieces(from, count, to, [](const uint16_t* raw, float* out, size_t n) {
    for (size_t i = 0; i < n; ++i) out[i] = std::bit_cast<float>(uint32_t{raw[i]} << 16);
  });
}

/// The same the other way: `narrow(numbers, to, n)` fills aligned halves.
template <class Narrow>
void ToPieces(const float* from, size_t count, std::byte* to, const Narrow& narrow) {
  std::array<uint16_t, 1024> raw;
  while (count != 0) {
    const size_t n = std::min(count, raw.size());
    narrow(from, raw.data(), n);
    std::memcpy(to, raw.data(), n * 2);
    from += n;
    to += n * 2;
    count -= n;
  }
}

void NarrowF16(const float* from, size_t count, std::byte* to) {
  ToPieces(from, count, to, kernels::Best().to_f16);
}

void NarrowBF16(const float* from, size_t count, std::byte* to) {
  ToPieces(from, count, to, [](const float* in, uint16_t* out, size_t n) {
    for (size_t i = 0; i < n; ++i) {
      const auto bits = std::bit_cast<uint32_t>(in[i]);
      // Half of the last place, and one more where that is odd: ties go to even.
      out[i] = static_cast<uint16_t>((bits + 0x7fffu + (bits >> 16 & 1)) >> 16);
    }
  });
}

void WidenF64(const std::byte* from, size_t count, float* to) {
  for (size_t i = 0; i < count; ++i) {
    double value;
    std::memcpy(&value, from + i * sizeof(value), sizeof(value));
    to[i] = static_cast<float>(value);
  }
}

constexpr ElementType kTypes[] = {
    {"F32", 1, 4, false, WidenF32, NarrowF32},      {"F16", 1, 2, true, WidenF16, NarrowF16},
    {"BF16", 1, 2, false, WidenBF16, NarrowBF16},   {"F64", 1, 8, false, WidenF64, nullptr},
    {"Q4_0", 32, 18, false, WidenQ4_0, NarrowQ4_0}, {"Q4_1", 32, 20, false, WidenQ4_1, nullptr},
    {"Q5_0", 32, 22, false, WidenQ5_0, nullptr},    {"Q5_1", 32, 24, false, WidenQ5_1, nullptr},
    {"Q8_0", 32, 34, false, WidenQ8_0, NarrowQ8_0}, {"Q2_K", 256, 84, false, WidenQ2_K, nullptr},
    {"Q3_K", 256, 110, false, WidenQ3_K, nullptr},  {"Q4_K", 256, 144, false, WidenQ4_K, nullptr},
    {"Q5_K", 256, 176, false, WidenQ5_K, nullptr},  {"Q6_K", 256, 210, false, WidenQ6_K, nullptr},
};

}  // namespace

const ElementType* FindElementType(std::string_view name) {
  const auto found = std::find_if(std::begin(kTypes), std::end(kTypes),
                                  [&](const ElementType& type) { return type.name == name; });
  return found == std::end(kTypes) ? nullptr : &*found;
}

std::string ElementTypeNames() {
  std::string names;
  for (const ElementType& type : kTypes) {
    if (type.block != 1) continue;
    names += (names.empty() ? "" : ", ") + std::string(type.name);
  }
  return names;
}

}  // namespace quanta::converter
