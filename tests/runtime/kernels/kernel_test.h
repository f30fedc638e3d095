// SPDX-License-Identifier: MIT
#pragma once

#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <new>
#include <span>
#include <string>
#include <vector>

#include "runtime/kernels/half.h"
#include "runtime/kernels/kernels.h"
#include "runtime/kernels/targets.h"

namespace quanta::kernels {

/// Every tail of every vector width, and around the unrolled lengths.
inline constexpr size_t kTails[] = {1,  2,  3,  4,  5,  6,  7,  8,  9,  10,  11,  12,
                                    13, 14, 15, 16, 17, 31, 63, 64, 65, 127, 128, 129};

/// The tables that this CPU can run, the reference last.
inline const KernelTable& TestedTable(size_t index) {
  return index == TableCount() ? Reference() : TableAt(index);
}

inline std::string TestedTableName(const testing::TestParamInfo<size_t>& info) {
  return TestedTable(info.param).name;
}

/// Runs a test once per table.
class KernelTest : public testing::TestWithParam<size_t> {
 protected:
  const KernelTable& table() const { return TestedTable(GetParam()); }
};

#define QUANTA_INSTANTIATE_PER_TABLE(Suite) \
  INSTANTIATE_TEST_SUITE_P(, Suite, testing::Range<size_t>(0, TableCount() + 1), TestedTableName)

/// Numbers between -1 and 1, the same in every run.
class Random {
 public:
  explicit Random(uint64_t seed) : state_(seed * 2 + 1) {}
  uint32_t Bits() {
    state_ = state_ * 6364136223846793005u + 1442695040888963407u;
    return static_cast<uint32_t>(state_ >> 32);
  }
  float Next() { return static_cast<float>(static_cast<int32_t>(Bits())) * 0x1p-31f; }
  std::vector<float> Many(size_t count, float scale = 1) {
    std::vector<float> values(count);
    for (float& value : values) value = scale * Next();
    return values;
  }

 private:
  uint64_t state_;
};

inline std::vector<uint16_t> Halves(const std::vector<float>& values) {
  std::vector<uint16_t> halves;
  for (const float value : values) halves.push_back(FloatToHalf(value));
  return halves;
}

inline std::vector<float> Widened(const std::vector<uint16_t>& halves) {
  std::vector<float> values;
  for (const uint16_t half : halves) values.push_back(HalfToFloat(half));
  return values;
}

/// `count` elements between two rows of canaries, NaN to begin with.
template <class T>
class Guarded {
 public:
  explicit Guarded(size_t count) : cells_(count + 2 * kGuard, Canary()) {}
  T* data() { return cells_.data() + kGuard; }
  size_t size() const { return cells_.size() - 2 * kGuard; }
  std::span<T> span() { return {data(), size()}; }
  std::vector<T> vector() { return {data(), data() + size()}; }
  bool Intact() const {
    for (size_t i = 0; i < kGuard; ++i) {
      if (!IsCanary(cells_[i]) || !IsCanary(cells_[cells_.size() - 1 - i])) return false;
    }
    return true;
  }

 private:
  static constexpr size_t kGuard = 64;
  static T Canary() {
    T canary;
    std::memset(&canary, 0xF3, sizeof(T));
    return canary;
  }
  static bool IsCanary(const T& cell) {
    const T canary = Canary();
    return std::memcmp(&cell, &canary, sizeof(T)) == 0;
  }
  std::vector<T> cells_;
};

/// A copy that is 64-byte aligned and exactly as long, so that a sanitizer sees
/// a read beyond its end.
class AlignedCopy {
 public:
  template <class T>
  explicit AlignedCopy(const std::vector<T>& values)
      : size_(values.size() * sizeof(T)),
        data_(static_cast<std::byte*>(::operator new (size_, std::align_val_t{64}))) {
    std::memcpy(data_, values.data(), size_);
  }
  ~AlignedCopy() { ::operator delete (data_, std::align_val_t{64}); }
  AlignedCopy(const AlignedCopy&) = delete;
  AlignedCopy& operator=(const AlignedCopy&) = delete;
  const std::byte* data() const { return data_; }

 private:
  size_t size_;
  std::byte* data_;
};

/// Bit for bit: also tells zeros and NaNs apart.
template <class T>
bool SameBits(std::span<const T> a, std::span<const T> b) {
  return a.size() == b.size() && std::memcmp(a.data(), b.data(), a.size_bytes()) == 0;
}

}  // namespace quanta::kernels
