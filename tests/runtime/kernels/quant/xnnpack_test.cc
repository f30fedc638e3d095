// SPDX-License-Identifier: MIT
//
// Quanta's panels beside XNNPACK's: its packing writes the same bytes, and its kernels compute
// the same products from them.
#include <cmath>
#include <limits>

#include "runtime/kernels/quant/activations.h"
#include "runtime/kernels/quant/oracle.h"
#include "runtime/kernels/quant/panels.h"
#include "tests/runtime/kernels/quant/packed_matrix.h"
// XNNPACK's, which need xnnpack.h first:
#include "xnnpack.h"
//
#include "xnnpack/gemm.h"
#include "xnnpack/microparams-init.h"
#include "xnnpack/pack.h"
#if defined(__aarch64__) && defined(__linux__)
#include <sys/auxv.h>
#endif

namespace quanta::kernels {
namespace {

constexpr size_t kSums = kStripRows * sizeof(float);  // before and behind the weights

/// As xnn_create_fully_connected_nc_qd8_f32_qc8w packs.
std::vector<std::byte> XnnpackQ8(const PackedMatrix& m) {
  std::vector<std::byte> packed(m.bytes.size());
  std::vector<int8_t> q(m.q.begin(), m.q.end());
  const xnn_qs8_packing_params params = {/*input_zero_point=*/1};
  xnn_pack_qs8_gemm_goi_w(1, m.n, m.k, kStripRows, kStepColumns, 1, q.data(), nullptr, nullptr,
                          packed.data(), 2 * kSums, &params);
  const size_t stride = StripBytes(Panel::kQ8, m.k);
  xnn_init_qs8_qc8w_scale_fp32_params(m.n, kStripRows, kStripRows, stride, stride, 0,
                                      m.scales.data(), packed.data() + stride - 2 * kSums);
  return packed;
}

/// As xnn_create_fully_connected_nc_qd8_f32_qb4w packs.
std::vector<std::byte> XnnpackQ4(const PackedMatrix& m) {
  std::vector<std::byte> packed(m.bytes.size());
  // Two nibbles a byte, the even column low; unsigned around 8.
  std::vector<uint8_t> q(m.n * m.k / 2);
  for (size_t i = 0; i < m.q.size(); ++i) {
    q[i / 2] = static_cast<uint8_t>(q[i / 2] | (m.q[i] + 8) << (i % 2 * 4));
  }
  std::vector<xnn_bfloat16> scales(m.scales.size());
  for (size_t i = 0; i < scales.size(); ++i) scales[i] = xnn_bfloat16_from_float(m.scales[i]);
  const xnn_qs8_qc4w_packing_params params = {/*input_zero_point=*/1, /*kernel_zero_point=*/8};
  xnn_pack_qs8_qb4w_gemm_goi_w(1, m.n, m.k, kStripRows, kStepColumns, 1, kGroupColumns, q.data(),
                               nullptr, scales.data(), packed.data(), kStripRows * sizeof(uint16_t),
                               kSums, &params);
  const size_t stride = StripBytes(Panel::kQ4, m.k);
  xnn_init_blockwise_scale_bf16_params(m.n, kStripRows, kStripRows, stride, stride, m.groups(),
                                       kGroupBytes, 0, scales.data(),
                                       packed.data() + kSums + kNibbleBytes);
  return packed;
}

TEST(XnnpackPanels, AreByteForByteTheSameForInt8) {
  for (const size_t n : {16u, 17u, 31u, 48u}) {
    for (const size_t k : {1u, 7u, 8u, 40u, 100u, 576u}) {
      const PackedMatrix m = PackedMatrix::Make(Panel::kQ8, n, k, n + k);
      EXPECT_EQ(XnnpackQ8(m), m.bytes) << n << " x " << k;
    }
  }
}

// XNNPACK takes whole groups only. Beside the last column of a partly filled strip it leaves
// the scales of the missing ones as they are, 0 here.
TEST(XnnpackPanels, AreByteForByteTheSameForInt4) {
  for (const size_t n : {16u, 17u, 31u, 48u}) {
    for (const size_t k : {32u, 64u, 96u, 576u, 2048u}) {
      const PackedMatrix m = PackedMatrix::Make(Panel::kQ4, n, k, n + k);
      EXPECT_EQ(XnnpackQ4(m), m.bytes) << n << " x " << k;
    }
  }
}

constexpr float kNoLimit = std::numeric_limits<float>::infinity();

#if defined(__x86_64__)
constexpr size_t kMostRows = 7;
bool HasTheirInstructions() {
  return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
         __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl") &&
         __builtin_cpu_supports("avx512vnni");
}
constexpr auto Q8One = xnn_qd8_f32_qc8w_gemm_minmax_ukernel_1x16c8__avx512vnni;
constexpr auto Q8Many = xnn_qd8_f32_qc8w_gemm_minmax_ukernel_7x16c8__avx512vnni;
constexpr auto Q4One = xnn_qd8_f32_qb4w_gemm_minmax_ukernel_1x16c8__avx512vnni;
constexpr auto Q4Many = xnn_qd8_f32_qb4w_gemm_minmax_ukernel_7x16c8__avx512vnni;
#elif defined(__aarch64__)
constexpr size_t kMostRows = 4;
bool HasTheirInstructions() {
  constexpr unsigned long kInt8Matrices = 1ul << 13;  // HWCAP2_I8MM
  return (getauxval(AT_HWCAP2) & kInt8Matrices) != 0;
}
constexpr auto Q8One = xnn_qd8_f32_qc8w_gemm_minmax_ukernel_1x16c8__neoni8mm;
constexpr auto Q8Many = xnn_qd8_f32_qc8w_gemm_minmax_ukernel_4x16c8__neoni8mm;
constexpr auto Q4One = xnn_qd8_f32_qb4w_gemm_minmax_ukernel_1x16c8__neoni8mm;
constexpr auto Q4Many = xnn_qd8_f32_qb4w_gemm_minmax_ukernel_4x16c8__neoni8mm;
#endif

/// Their product of `rows` rows with our panels, beside ours.
void ExpectTheSameProduct(Panel panel, size_t rows, size_t n, size_t k) {
  const PackedMatrix m = PackedMatrix::Make(panel, n, k, 3 * n + k);
  const AlignedCopy panels(m.bytes);
  const std::vector<float> x = Random(k).Many(rows * k, 3);
  const size_t row_bytes = QuantizedBytes(k);
  std::vector<std::byte> quantized(rows * row_bytes);
  std::vector<xnn_qd8_quantization_params> params;
  for (size_t t = 0; t < rows; ++t) {
    QuantizeRow(&x[t * k], k, quantized.data() + t * row_bytes);
    const auto* row = reinterpret_cast<const QuantizedRow*>(quantized.data() + t * row_bytes);
    params.push_back({row->zero_point, row->scale});
  }
  // A kernel of more rows than there are computes the last one again and again.
  params.resize(16, params.back());
  const AlignedCopy inputs(quantized);
  const auto* first = reinterpret_cast<const int8_t*>(inputs.data()) + QuantizedRow::kHead;

  std::vector<float> theirs(rows * n), ours(rows * n);
  const size_t row = n * sizeof(float), strip = kStripRows * sizeof(float);
  if (panel == Panel::kQ8) {
    const xnn_f32_minmax_params limits = {{-kNoLimit, kNoLimit}};
    (rows == 1 ? Q8One : Q8Many)(rows, n, k, first, row_bytes, panels.data(), theirs.data(), row,
                                 strip, &limits, params.data());
  } else {
    const xnn_f32_qb4w_minmax_params limits = {{-kNoLimit, kNoLimit, kGroupColumns}};
    (rows == 1 ? Q4One : Q4Many)(rows, n, k, first, row_bytes, panels.data(), theirs.data(), row,
                                 strip, &limits, params.data());
  }
  const Weights weights = m.weights(panels);
  Best().matmul[static_cast<int>(panel)]({.w = &weights,
                                          .bias = nullptr,
                                          .x = nullptr,
                                          .quantized = inputs.data(),
                                          .y = ours.data(),
                                          .y_stride = n,
                                          .rows = static_cast<uint32_t>(rows),
                                          .begin = 0,
                                          .end = static_cast<uint32_t>(n)});
  // The same exact sums of a group; theirs are rounded at another offset.
  float largest = 0;
  for (const float y : ours) largest = std::max(largest, std::abs(y));
  for (size_t i = 0; i < ours.size(); ++i) {
    ASSERT_NEAR(theirs[i], ours[i], 2e-6f * largest)
        << static_cast<int>(panel) << ": " << rows << " x " << n << " x " << k << " at " << i;
  }
}

TEST(XnnpackPanels, AreWhatItsKernelsMultiply) {
  if (!HasTheirInstructions()) GTEST_SKIP() << "this CPU lacks the kernels' instructions";
  for (const Panel panel : {Panel::kQ8, Panel::kQ4}) {
    for (const size_t rows : {size_t{1}, size_t{2}, kMostRows}) {
      for (const size_t k : {32u, 96u, 576u, 2048u}) {
        for (const size_t n : {16u, 40u, 48u}) ExpectTheSameProduct(panel, rows, n, k);
      }
    }
  }
}

}  // namespace
}  // namespace quanta::kernels
