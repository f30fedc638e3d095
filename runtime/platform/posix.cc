// SPDX-License-Identifier: MIT
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cstdio>

#include "runtime/platform/platform.h"
#include "runtime/platform/port.h"

namespace quanta::platform::port {
namespace {

/// Asks for large pages. Of a file that is in the cache already they stay as they are; what is
/// read from now on comes in large ones (Linux, file systems with large folios).
void Advise([[maybe_unused]] void* data, [[maybe_unused]] size_t size,
            [[maybe_unused]] Pages pages) {
#ifdef MADV_HUGEPAGE
  // Where a small page has 16 KiB a large one has 32 MiB: too much to wait for at a time.
  constexpr long kSmallPage = 4096;
  if (pages == Pages::kLarge && sysconf(_SC_PAGESIZE) == kSmallPage) {
    madvise(data, size, MADV_HUGEPAGE);
  }
#endif
}

}  // namespace

const std::byte* Map(int file, size_t size, Pages pages) {
  void* data = mmap(nullptr, size, PROT_READ, MAP_SHARED, file, 0);
  if (data == MAP_FAILED) return nullptr;
  Advise(data, size, pages);
  return static_cast<const std::byte*>(data);
}

void Unmap(const std::byte* data, size_t size) { munmap(const_cast<std::byte*>(data), size); }

std::byte* Allocate(size_t size, Pages pages) {
  void* data = mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (data == MAP_FAILED) return nullptr;
  Advise(data, size, pages);
  return static_cast<std::byte*>(data);
}

void Free(std::byte* data, size_t size) { munmap(data, size); }

}  // namespace quanta::platform::port

namespace quanta::platform {
namespace {

/// VmHWM of /proc/self/status: it begins anew with the program, where the system's ru_maxrss
/// also counts what the process was before (a large parent's image, say). 0: not there.
uint64_t PeakFromProc() {
  std::FILE* file = std::fopen("/proc/self/status", "r");
  if (file == nullptr) return 0;
  unsigned long long kib = 0;
  char line[128];
  while (std::fgets(line, sizeof(line), file) != nullptr) {
    if (std::sscanf(line, "VmHWM: %llu kB", &kib) == 1) break;
  }
  std::fclose(file);
  return kib * 1024;
}

}  // namespace

uint64_t PeakResidentBytes() {
  if (const uint64_t bytes = PeakFromProc(); bytes != 0) return bytes;
  rusage usage = {};
  if (getrusage(RUSAGE_SELF, &usage) != 0) return 0;
#ifdef __APPLE__
  return static_cast<uint64_t>(usage.ru_maxrss);
#else
  return static_cast<uint64_t>(usage.ru_maxrss) * 1024;
#endif
}

}  // namespace quanta::platform
