// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <functional>

#include "quanta/status.h"

namespace quanta::writer {

/// Told between two chunks. Returning false cancels.
using Progress = std::function<bool(uint64_t done_bytes, uint64_t total_bytes)>;

/// Tells `progress`, if there is one. Errors: kCancelled.
inline Status Tell(const Progress& progress, uint64_t done_bytes, uint64_t total_bytes) {
  if (!progress || progress(done_bytes, total_bytes)) return {};
  return {Code::kCancelled, "cancelled"};
}

}  // namespace quanta::writer
