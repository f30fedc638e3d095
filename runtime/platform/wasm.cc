// SPDX-License-Identifier: MIT
//
// WebAssembly has one linear memory and no maps: files are read into the heap.
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <cstdlib>
#include <cstring>

#include "runtime/platform/platform.h"
#include "runtime/platform/port.h"

namespace quanta::platform::port {
namespace {

constexpr size_t kAlign = 64;

void* AllocateAligned(size_t size) {
  if (size > SIZE_MAX - kAlign) return nullptr;
  return std::aligned_alloc(kAlign, (size + kAlign - 1) / kAlign * kAlign);
}

bool ReadAll(int file, std::byte* data, size_t size) {
  errno = 0;
  for (size_t done = 0; done < size;) {
    const ssize_t count = read(file, data + done, size - done);
    if (count == 0) return false;
    if (count > 0) {
      done += static_cast<size_t>(count);
    } else if (errno != EINTR) {
      return false;
    }
  }
  return true;
}

}  // namespace

const std::byte* Map(int file, size_t size, Pages) {
  auto* data = static_cast<std::byte*>(AllocateAligned(size));
  if (data == nullptr) {
    errno = ENOMEM;
    return nullptr;
  }
  if (ReadAll(file, data, size)) return data;
  const int reason = errno;
  std::free(data);
  errno = reason;
  return nullptr;
}

void Unmap(const std::byte* data, size_t) { std::free(const_cast<std::byte*>(data)); }

std::byte* Allocate(size_t size, Pages) {
  void* data = AllocateAligned(size);
  if (data != nullptr) std::memset(data, 0, size);
  return static_cast<std::byte*>(data);
}

void Free(std::byte* data, size_t) { std::free(data); }

}  // namespace quanta::platform::port

namespace quanta::platform {

uint64_t PeakResidentBytes() { return 0; }

}  // namespace quanta::platform
