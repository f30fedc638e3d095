// SPDX-License-Identifier: MIT
#include <bit>
#include <cstdint>
#include <utility>

#include "quanta/check.h"
#include "runtime/kernels/quant/kernels_arm.h"
#include "runtime/kernels/quant/kernels_wasm.h"
#include "runtime/kernels/quant/kernels_x86.h"
#include "runtime/kernels/targets.h"
// Highway, told its targets:
#include "hwy/highway.h"

namespace quanta::kernels {
namespace {

constexpr size_t kMaxTables = 8;

struct Tables {
  KernelTable table[kMaxTables];
  size_t count = 0;
};

const char* NameOf(int64_t target) {
  switch (target) {
    case HWY_SSE2:
      return "sse2";
    case HWY_AVX2:
      return "avx2";
    case HWY_AVX3:
      return "avx512";
    case HWY_NEON_WITHOUT_AES:
      return "neon";
    case HWY_WASM:
      return "simd128";
    default:
      return hwy::TargetName(target);
  }
}

/// Then reading and unpacking weights is little beside multiplying.
constexpr uint32_t kPromptRows = 64;

void Fill(int64_t target, KernelTable* table) {
  hwy::GetChosenTarget().Update(target);
  *table = {};
  table->name = NameOf(target);
  table->prompt_rows = kPromptRows;
  FillAttention(table);
  FillElementwise(table);
  FillMatMul(table);
  FillNorm(table);
  FillPanels(table);
  FillQuantize(table);
  FillRope(table);
}

using MatMulFunction = void (*)(const MatMulTile&);

/// The best table once more, with better products of q8 and q4 weights.
[[maybe_unused]] void Extend(const char* name, MatMulFunction q8, MatMulFunction q4,
                             Tables* tables) {
  QUANTA_CHECK(tables->count != 0 && tables->count < kMaxTables);
  KernelTable& table = tables->table[tables->count];
  table = tables->table[tables->count - 1];
  table.name = name;
  table.matmul[static_cast<int>(Panel::kQ8)] = q8;
  table.matmul[static_cast<int>(Panel::kQ4)] = q4;
  ++tables->count;
}

#if defined(__x86_64__)
/// The last table once more, with products for AMD's cores; the maker decides which of the two is
/// the better one.
void ExtendForZen(const char* name, MatMulFunction q8, MatMulFunction q4, Tables* tables) {
  Extend(name, q8, q4, tables);
  if (!IsAmd()) {
    std::swap(tables->table[tables->count - 1], tables->table[tables->count - 2]);
  }
}
#endif

#if defined(__wasm_relaxed_simd__)
/// What engines make of a relaxed dot product decides which of the two is the better one.
void ExtendForRelaxedSimd(Tables* tables) {
  const MatMulFunction plain = tables->table[0].matmul[static_cast<int>(Panel::kQ8)];
  const ByteProducts products = EngineByteProducts();
  Extend("relaxed_simd_i16", plain, MatMulQ4RelaxedI16, tables);
  Extend("relaxed_simd",
         products == ByteProducts::kUnsigned ? MatMulQ8RelaxedUnsigned
         : products == ByteProducts::kSigned ? MatMulQ8RelaxedSigned
                                             : plain,
         MatMulQ4Relaxed, tables);
  if (products == ByteProducts::kSevenBits) {
    std::swap(tables->table[tables->count - 1], tables->table[tables->count - 2]);
  }
}
#endif

/// Instruction sets for integers that the kernels of floats gain nothing from.
void ExtendForCpu([[maybe_unused]] Tables* tables) {
#if defined(__x86_64__)
  if (HasAvxVnni()) Extend("avx_vnni", MatMulQ8AvxVnni, MatMulQ4AvxVnni, tables);
  if (HasAvx512Vnni()) {
    Extend("avx512_vnni", MatMulQ8Vnni, MatMulQ4Vnni, tables);
    ExtendForZen("avx512_vnni_zen", MatMulQ8VnniZen, MatMulQ4VnniZen, tables);
  }
  if (EnableAmx()) {
    Extend("amx_int8", MatMulQ8Amx, MatMulQ4Amx, tables);
    // So quick that unpacking the weights shows.
    tables->table[tables->count - 1].prompt_rows = 2 * kPromptRows;
  }
#elif defined(__aarch64__)
  if (HasDotProducts()) Extend("neon_dotprod", MatMulQ8Dot, MatMulQ4Dot, tables);
#elif defined(__wasm_relaxed_simd__)
  ExtendForRelaxedSimd(tables);
#endif
}

Tables MakeTables() {
  Tables tables;
  // A higher bit is a lesser instruction set.
  auto left = static_cast<uint64_t>(hwy::SupportedTargets() & HWY_TARGETS);
  QUANTA_CHECK(left != 0);
  while (left != 0) {
    const uint64_t target = std::bit_floor(left);
    left -= target;
    QUANTA_CHECK(tables.count < kMaxTables);
    Fill(static_cast<int64_t>(target), &tables.table[tables.count++]);
#if defined(__x86_64__)
    if (target == HWY_AVX2) {
      ExtendForZen("avx2_zen", MatMulQ8Avx2Zen, MatMulQ4Avx2Zen, &tables);
    }
#endif
  }
  ExtendForCpu(&tables);
  return tables;
}

const Tables& AllTables() {
  static const Tables tables = MakeTables();
  return tables;
}

}  // namespace

size_t TableCount() { return AllTables().count; }

const KernelTable& TableAt(size_t index) {
  QUANTA_CHECK(index < TableCount());
  return AllTables().table[index];
}

const KernelTable& Best() { return TableAt(TableCount() - 1); }

}  // namespace quanta::kernels
