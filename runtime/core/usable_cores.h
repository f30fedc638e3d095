// SPDX-License-Identifier: MIT
#pragma once

#include <bitset>

namespace quanta {

/// The cores that a cgroup's CPU quota pays for, or 0 if it sets none.
/// Rounded down, at least 1: a thread more than the quota gets every thread
/// stopped for the rest of each period, and all wait for the stopped one.
///
/// `self`: a file like /proc/self/cgroup. `root`: where the hierarchies are
/// mounted, like /sys/fs/cgroup. Understands version 2, version 1 and both.
int CgroupCores(const char* self, const char* root);

/// Cores by the system's numbers; higher ones are not looked at.
using CoreSet = std::bitset<1024>;

/// The cores in this process's affinity mask; none where the system does not tell.
CoreSet AffinityMask();
/// How many they are, else how many are online; at least 1.
int AffinityCores();

/// How many of `cores` are at least half as fast as the fastest of them: where a chip has cores of
/// several kinds, slow ones would hold up a token that the others are done with. All, where the
/// system does not tell.
///
/// `devices`: a folder like /sys/devices. Read are system/cpu/cpuN/cpu_capacity (ARM, RISC-V) and
/// cpu_atom/cpus, the efficient cores of Intel's hybrids.
int FastCores(const char* devices, const CoreSet& cores);

}  // namespace quanta
