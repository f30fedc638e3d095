// SPDX-License-Identifier: MIT
#pragma once

#include <atomic>

namespace quanta::converter {

/// Lets SIGINT and SIGTERM set the flag that is returned instead of ending the process,
/// so that unfinished files are cleaned up.
const std::atomic<bool>* WatchInterrupts();

}  // namespace quanta::converter
