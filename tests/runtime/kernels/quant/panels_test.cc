// SPDX-License-Identifier: MIT
#include "runtime/kernels/quant/panels.h"

#include "tests/runtime/kernels/quant/packed_matrix.h"

namespace quanta::kernels {
namespace {

constexpr Panel kQuantized[] = {Panel::kQ8, Panel::kQ4};
constexpr size_t kDepths[] = {1, 7, 8, 9, 15, 16, 17, 31, 32, 33, 63, 64, 65, 100, 576};

/// The library's packing of the same numbers.
std::vector<std::byte> Pack(const PackedMatrix& m) {
  std::vector<std::byte> bytes;
  for (size_t first = 0; first < m.n; first += kStripRows) {
    std::vector<std::byte> strip(StripBytes(m.panel, m.k));
    for (size_t row = first; row < std::min(first + kStripRows, m.n); ++row) {
      std::vector<int8_t> q(m.groups() * 32);
      for (size_t i = 0; i < m.k; ++i) q[i] = static_cast<int8_t>(m.q[row * m.k + i]);
      if (m.panel == Panel::kQ8) {
        PackQ8Row(q.data(), m.scales[row], m.k, row - first, strip.data());
        continue;
      }
      for (size_t g = 0; g < m.groups(); ++g) {
        PackQ4Group(q.data() + g * 32, FloatToBf16(m.scale(row, g * 32)), g, row - first,
                    strip.data());
      }
    }
    bytes.insert(bytes.end(), strip.begin(), strip.end());
  }
  return bytes;
}

TEST(Panels, AreTheBytesOfTheSpecificationForEveryTail) {
  for (const Panel panel : kQuantized) {
    for (const size_t k : kDepths) {
      for (const size_t n : {1u, 15u, 16u, 17u, 40u}) {
        const PackedMatrix m = PackedMatrix::Make(panel, n, k, n * 1000 + k);
        EXPECT_EQ(Pack(m), m.bytes) << static_cast<int>(panel) << ": " << n << " x " << k;
      }
    }
  }
}

TEST(Panels, AreTheBytesOfTheSpecificationAtTheEndsOfTheRange) {
  for (const Panel panel : kQuantized) {
    PackedMatrix m = PackedMatrix::Make(panel, 17, 70, 5);
    const int low = panel == Panel::kQ8 ? -127 : -8, high = panel == Panel::kQ8 ? 127 : 7;
    for (const int value : {low, high, 0}) {
      std::fill(m.q.begin(), m.q.end(), value);
      m.Pack();
      EXPECT_EQ(Pack(m), m.bytes) << value;
    }
  }
}

TEST(Panels, HaveTheSizeOfTheSpecification) {
  for (const size_t k : kDepths) {
    const size_t k8 = (k + 7) / 8 * 8, k32 = (k + 31) / 32 * 32;
    EXPECT_EQ(StripBytes(Panel::kQ8, k), 16 * (k8 + 12));
    EXPECT_EQ(StripBytes(Panel::kQ4, k), 16 * (k32 * 18 / 32 + 8));
  }
}

TEST(Panels, UnpackedRowsAreScaleTimesQ) {
  for (const Panel panel : kQuantized) {
    for (const size_t k : kDepths) {
      const PackedMatrix m = PackedMatrix::Make(panel, 33, k, k);
      for (size_t row = 0; row < m.n; ++row) {
        Guarded<float> out(k);
        UnpackRow(panel, m.bytes.data() + row / 16 * StripBytes(panel, k), k, row % 16, out.data());
        for (size_t i = 0; i < k; ++i) {
          ASSERT_EQ(out.data()[i], m.scale(row, i) * static_cast<float>(m.q[row * k + i]));
        }
        ASSERT_TRUE(out.Intact());
      }
    }
  }
}

TEST(Bf16, RoundsToNearestEven) {
  for (uint32_t bits = 0x3F80; bits < 0x4000; ++bits) {
    const auto even = static_cast<uint16_t>(bits);
    const float here = Bf16ToFloat(even), next = Bf16ToFloat(static_cast<uint16_t>(bits + 1));
    const float middle = (here + next) / 2;
    EXPECT_EQ(FloatToBf16(here), bits);
    EXPECT_EQ(FloatToBf16(middle), bits + (bits & 1));
    EXPECT_EQ(FloatToBf16(std::nextafter(middle, 0.0f)), bits);
    EXPECT_EQ(FloatToBf16(std::nextafter(middle, 9.0f)), bits + 1);
  }
}

}  // namespace
}  // namespace quanta::kernels
