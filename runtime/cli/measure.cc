// SPDX-License-Identifier: MIT
#include "runtime/cli/measure.h"

namespace quanta::cli {

double Rate(uint64_t count, double seconds) {
  return seconds > 0 ? static_cast<double>(count) / seconds : 0;
}

}  // namespace quanta::cli
