// SPDX-License-Identifier: MIT
#if defined(__x86_64__)
#include "runtime/kernels/quant/kernels_x86.h"

namespace quanta::kernels {

// These builtins ask for the operating system's support as well.
bool HasAvx512Vnni() {
  return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
         __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512vnni");
}

bool IsAmd() { return __builtin_cpu_is("amd"); }

}  // namespace quanta::kernels
#endif
