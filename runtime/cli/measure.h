// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>

#include "runtime/platform/platform.h"

namespace quanta::cli {

/// Seconds since it was made.
class Stopwatch {
 public:
  double Seconds() const { return platform::Now() - start_; }

 private:
  double start_ = platform::Now();
};

/// `count` per second; 0 if no time has passed.
double Rate(uint64_t count, double seconds);

}  // namespace quanta::cli
