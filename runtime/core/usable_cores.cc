// SPDX-License-Identifier: MIT
#include "runtime/core/usable_cores.h"

#include <algorithm>
#include <climits>
#include <cstdio>
#include <cstring>

#ifdef __linux__
#include <sched.h>
#endif
#include <unistd.h>

namespace quanta {
namespace {

constexpr size_t kMaxPath = 512;  // longer paths are not looked at

/// Closes a stdio stream when its scope ends; may be empty.
class Stream {
 public:
  explicit Stream(const char* path) : file_(std::fopen(path, "re")) {}
  ~Stream() {
    if (file_ != nullptr) std::fclose(file_);
  }
  Stream(const Stream&) = delete;
  Stream& operator=(const Stream&) = delete;
  std::FILE* get() const { return file_; }

 private:
  std::FILE* file_;
};

/// "quota period" in microseconds to cores; 0: no quota.
int QuotaCores(long long quota, long long period) {
  if (quota <= 0 || period <= 0) return 0;
  return static_cast<int>(std::clamp<long long>(quota / period, 1, INT_MAX));
}

/// The number in a file of one number; -1 if there is none.
long long ReadNumber(const char* folder, const char* name) {
  char path[kMaxPath + 32];
  std::snprintf(path, sizeof(path), "%s/%s", folder, name);
  const Stream file(path);
  long long value = -1;
  if (file.get() == nullptr || std::fscanf(file.get(), "%19lld", &value) != 1) return -1;
  return value;
}

/// Version 2: cpu.max is "quota period"; no number for "max".
int FolderCoresV2(const char* folder) {
  char path[kMaxPath + 32];
  std::snprintf(path, sizeof(path), "%s/cpu.max", folder);
  const Stream file(path);
  long long quota = 0;
  long long period = 0;
  if (file.get() == nullptr) return 0;
  if (std::fscanf(file.get(), "%19lld %19lld", &quota, &period) != 2) return 0;
  return QuotaCores(quota, period);
}

int FolderCoresV1(const char* folder) {
  return QuotaCores(ReadNumber(folder, "cpu.cfs_quota_us"),
                    ReadNumber(folder, "cpu.cfs_period_us"));
}

/// A limit counts wherever it stands between the process's own group and the root
/// of the hierarchy. In a container the path may not exist here; the root does.
int HierarchyCores(const char* root, const char* controller, const char* group,
                   int (*folder_cores)(const char*)) {
  char path[kMaxPath];
  const int length = std::snprintf(path, sizeof(path), "%s/%s%s", root, controller, group);
  if (length < 0 || static_cast<size_t>(length) >= sizeof(path)) return 0;
  const size_t root_length = std::strlen(root);
  int cores = 0;
  while (std::strlen(path) >= root_length) {
    const int here = folder_cores(path);
    if (here > 0) cores = cores == 0 ? here : std::min(cores, here);
    char* slash = std::strrchr(path, '/');
    if (slash == nullptr) break;
    *slash = '\0';
  }
  return cores;
}

/// Whether `controllers`, separated by commas, name the cpu controller.
bool HasCpu(const char* controllers) {
  for (const char* at = controllers; (at = std::strstr(at, "cpu")) != nullptr; at += 3) {
    const bool starts = at == controllers || at[-1] == ',';
    if (starts && (at[3] == ',' || at[3] == '\0')) return true;
  }
  return false;
}

/// One line of /proc/self/cgroup, "number:controllers:group". Version 2 has no
/// controllers there.
int LineCores(char* line, const char* root) {
  line[std::strcspn(line, "\n")] = '\0';
  char* controllers = std::strchr(line, ':');
  if (controllers == nullptr) return 0;
  char* group = std::strchr(++controllers, ':');
  if (group == nullptr) return 0;
  *group++ = '\0';
  if (*controllers == '\0') return HierarchyCores(root, "", group, FolderCoresV2);
  if (!HasCpu(controllers)) return 0;
  return HierarchyCores(root, "cpu", group, FolderCoresV1);
}

/// A list of cores like "0-3,8", as a line.
CoreSet ReadCores(const char* folder, const char* name) {
  char path[kMaxPath + 32];
  std::snprintf(path, sizeof(path), "%s/%s", folder, name);
  const Stream file(path);
  CoreSet cores;
  unsigned first = 0;
  while (file.get() != nullptr && std::fscanf(file.get(), "%9u", &first) == 1) {
    unsigned last = first;
    int next = std::fgetc(file.get());
    if (next == '-') {
      if (std::fscanf(file.get(), "%9u", &last) != 1) break;
      next = std::fgetc(file.get());
    }
    for (size_t core = first; core <= last && core < cores.size(); ++core) cores.set(core);
    if (next != ',') break;
  }
  return cores;
}

}  // namespace

int FastCores(const char* devices, const CoreSet& cores) {
  long long capacity[CoreSet().size()];
  long long most = 0;
  bool known = true;
  for (size_t core = 0; known && core < cores.size(); ++core) {
    if (!cores[core]) continue;
    char folder[kMaxPath];
    std::snprintf(folder, sizeof(folder), "%s/system/cpu/cpu%zu", devices, core);
    capacity[core] = ReadNumber(folder, "cpu_capacity");
    known = capacity[core] > 0;
    most = std::max(most, capacity[core]);
  }
  CoreSet fast = cores;
  if (known) {
    for (size_t core = 0; core < cores.size(); ++core) {
      if (cores[core] && capacity[core] < most - most / 2) fast.reset(core);
    }
  } else {
    fast &= ~ReadCores(devices, "cpu_atom/cpus");
  }
  return static_cast<int>((fast.any() ? fast : cores).count());
}

int CgroupCores(const char* self, const char* root) {
  const Stream file(self);
  if (file.get() == nullptr) return 0;
  int cores = 0;
  char line[kMaxPath];
  while (std::fgets(line, sizeof(line), file.get()) != nullptr) {
    const int here = LineCores(line, root);
    if (here > 0) cores = cores == 0 ? here : std::min(cores, here);
  }
  return cores;
}

CoreSet AffinityMask() {
  CoreSet cores;
#ifdef __linux__
  cpu_set_t set;
  CPU_ZERO(&set);
  if (sched_getaffinity(0, sizeof(set), &set) == 0) {
    for (size_t core = 0; core < cores.size(); ++core) cores[core] = CPU_ISSET(core, &set);
  }
#endif
  return cores;
}

int AffinityCores() {
  const CoreSet cores = AffinityMask();
  if (cores.any()) return static_cast<int>(cores.count());
  const long online = sysconf(_SC_NPROCESSORS_ONLN);
  return static_cast<int>(std::clamp<long>(online, 1, INT_MAX));
}

}  // namespace quanta
