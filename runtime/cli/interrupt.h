// SPDX-License-Identifier: MIT
#pragma once

namespace quanta::cli {

/// Lets Ctrl-C (SIGINT) and SIGTERM raise a flag instead of ending the process. One
/// more before the flag is taken back ends it at once: no hang can hold a user.
void WatchInterrupts();

bool Interrupted();
void ClearInterrupt();

}  // namespace quanta::cli
