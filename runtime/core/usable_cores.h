// SPDX-License-Identifier: MIT
#pragma once

namespace quanta {

/// The cores that a cgroup's CPU quota pays for, or 0 if it sets none.
/// Rounded down, at least 1: a thread more than the quota gets every thread
/// stopped for the rest of each period, and all wait for the stopped one.
///
/// `self`: a file like /proc/self/cgroup. `root`: where the hierarchies are
/// mounted, like /sys/fs/cgroup. Understands version 2, version 1 and both.
int CgroupCores(const char* self, const char* root);

/// The cores in this process's affinity mask, at least 1.
int AffinityCores();

}  // namespace quanta
