// SPDX-License-Identifier: MIT
#pragma once

namespace quanta::cli {

/// Lets Ctrl-C (SIGINT) and SIGTERM raise a flag instead of ending the process. One
/// more before the flag is taken back ends it at once: no hang can hold a user.
void WatchInterrupts();

bool Interrupted();
void ClearInterrupt();

/// Waits until `descriptor` can be read or has ended. False: interrupted, be it before or
/// meanwhile; a signal just before a read would not end that.
bool WaitToRead(int descriptor);

}  // namespace quanta::cli
