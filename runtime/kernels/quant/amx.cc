// SPDX-License-Identifier: MIT
#include "runtime/kernels/quant/kernels_x86.h"

#if defined(__x86_64__) && defined(__linux__)
#include <cpuid.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace quanta::kernels {

bool EnableAmx() {
  unsigned a = 0, b = 0, c = 0, d = 0;
  if (!HasAvx512Vnni() || __get_cpuid_count(7, 0, &a, &b, &c, &d) == 0) return false;
  constexpr unsigned kTile = 1u << 24, kInt8 = 1u << 25;
  if ((d & kTile) == 0 || (d & kInt8) == 0) return false;
  // Linux gives tiles to processes that ask (Documentation/arch/x86/xstate.rst).
  constexpr long kRequest = 0x1023, kTileData = 18;
  return syscall(SYS_arch_prctl, kRequest, kTileData) == 0;
}

}  // namespace quanta::kernels
#elif defined(__x86_64__)
namespace quanta::kernels {
bool EnableAmx() { return false; }
}  // namespace quanta::kernels
#endif
