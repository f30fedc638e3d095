// SPDX-License-Identifier: MIT
#include "runtime/cli/progress.h"

#include <cstdio>
#include <utility>

#include "runtime/cli/output.h"
#include "runtime/platform/platform.h"

namespace quanta::cli {
namespace {

constexpr double kSeconds = 0.2;  // between two drawings

}  // namespace

Progress::Progress(std::string phase)
    : phase_(std::move(phase)),
      started_(platform::Now()),
      shown_(started_),
      terminal_(ErrorIsTerminal()) {}

Progress::~Progress() {
  if (drawn_) ComplainInPlace("");
}

void Progress::Show(size_t done, size_t total) {
  const double now = platform::Now();
  if (!terminal_ || done == 0 || now - shown_ < kSeconds) return;
  const double share = static_cast<double>(done) / static_cast<double>(total);
  char line[128];
  std::snprintf(line, sizeof(line), "%s %3.0f %%, %.0f s left", phase_.c_str(), share * 100,
                (now - started_) / share * (1 - share));
  ComplainInPlace(line);
  shown_ = now;
  drawn_ = true;
}

}  // namespace quanta::cli
