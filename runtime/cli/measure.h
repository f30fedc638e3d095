// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>

#include "runtime/platform/platform.h"

namespace quanta::cli {

/// The most memory this process ever had in RAM, in bytes; 0 if the system does not say.
uint64_t PeakResidentBytes();

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
