// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>

#include "runtime/platform/platform.h"

/// What posix.cc and wasm.cc differ in. Only platform.cc calls it.
namespace quanta::platform::port {

/// The first `size` bytes (> 0) of an open file, 64-byte aligned, for Unmap.
/// Null: errno says why; 0 if the file ended early.
const std::byte* Map(int file, size_t size, Pages pages);
void Unmap(const std::byte* data, size_t size);

/// `size` (> 0) zeroed bytes, 64-byte aligned, for Free. Null: out of memory.
std::byte* Allocate(size_t size, Pages pages);
void Free(std::byte* data, size_t size);

}  // namespace quanta::platform::port
