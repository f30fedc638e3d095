// SPDX-License-Identifier: MIT
#pragma once

#include <atomic>

namespace quanta::converter {

/// Lets SIGINT and SIGTERM set the flag that is returned instead of ending the process,
/// so that unfinished files are cleaned up. Writing beyond a limit on file sizes becomes
/// an error like a full device, instead of a signal.
const std::atomic<bool>* WatchInterrupts();

}  // namespace quanta::converter
