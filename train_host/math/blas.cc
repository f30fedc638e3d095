// SPDX-License-Identifier: MIT
#include "train_host/math/blas.h"

#include <cblas.h>

#include <algorithm>
#include <cstdlib>
#include <string_view>

#if defined(__x86_64__)
// A build with kernels of several processors has these two; one without leaves them null.
extern "C" {
[[gnu::weak]] void gotoblas_dynamic_init();
[[gnu::weak]] void gotoblas_dynamic_quit();
}
#endif

namespace quanta::train {
namespace {

#if defined(__x86_64__)
constexpr const char* kVariable = "OPENBLAS_CORETYPE";

/// Kernels without AVX2. OpenBLAS goes by the model's number and takes Prescott, which has SSE3,
/// for processors younger than itself (0.3.21: Raptor Lake, Emerald Rapids), at a fourth of the
/// speed.
constexpr std::string_view kOld[] = {
    "Katmai",    "Coppermine", "Northwood",   "Prescott", "Banias",  "Core2",
    "Penryn",    "Dunnington", "Nehalem",     "Athlon",   "Opteron", "Opteron_SSE3",
    "Barcelona", "Nano",       "Sandybridge", "Bobcat",   "Atom",    "Bulldozer"};

/// The kernels that the processor's instructions allow, null for old ones.
const char* KernelsByInstructions() {
  if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512cd") &&
      __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512bw") &&
      __builtin_cpu_supports("avx512vl")) {
    return "SkylakeX";
  }
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) return "Haswell";
  return nullptr;
}

void ReplaceOldKernels() {
  if (gotoblas_dynamic_init == nullptr || gotoblas_dynamic_quit == nullptr) return;
  if (std::getenv(kVariable) != nullptr) return;
  if (std::ranges::find(kOld, std::string_view(BlasKernels())) == std::end(kOld)) return;
  const char* better = KernelsByInstructions();
  if (better == nullptr) return;
  setenv(kVariable, better, 1);
  gotoblas_dynamic_quit();
  gotoblas_dynamic_init();
  unsetenv(kVariable);
}
#else
void ReplaceOldKernels() {}
#endif

}  // namespace

void PrepareBlas() {
  // At the first call: only then has the library started.
  [[maybe_unused]] static const bool done = [] {
    openblas_set_num_threads(1);
    ReplaceOldKernels();
    return true;
  }();
}

const char* BlasKernels() { return openblas_get_corename(); }

}  // namespace quanta::train
