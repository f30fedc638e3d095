// SPDX-License-Identifier: MIT
#include <sys/mman.h>

#include "runtime/platform/port.h"

namespace quanta::platform::port {

const std::byte* Map(int file, size_t size) {
  void* data = mmap(nullptr, size, PROT_READ, MAP_SHARED, file, 0);
  return data == MAP_FAILED ? nullptr : static_cast<const std::byte*>(data);
}

void Unmap(const std::byte* data, size_t size) { munmap(const_cast<std::byte*>(data), size); }

std::byte* Allocate(size_t size) {
  void* data = mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  return data == MAP_FAILED ? nullptr : static_cast<std::byte*>(data);
}

void Free(std::byte* data, size_t size) { munmap(data, size); }

}  // namespace quanta::platform::port
