// SPDX-License-Identifier: MIT
#include "runtime/cli/measure.h"

#include <sys/resource.h>

namespace quanta::cli {

uint64_t PeakResidentBytes() {
#ifdef __EMSCRIPTEN__
  return 0;
#else
  rusage usage = {};
  if (getrusage(RUSAGE_SELF, &usage) != 0) return 0;
#ifdef __APPLE__
  return static_cast<uint64_t>(usage.ru_maxrss);
#else
  return static_cast<uint64_t>(usage.ru_maxrss) * 1024;
#endif
#endif
}

double Rate(uint64_t count, double seconds) {
  return seconds > 0 ? static_cast<double>(count) / seconds : 0;
}

}  // namespace quanta::cli
