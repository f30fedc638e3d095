// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <span>

namespace quanta::converter {

/// Lets the system take back the memory of mapped bytes that were read: they are read
/// from the file again if they are needed again. Without this a conversion would seem
/// to need as much memory as its checkpoint. `bytes` must lie in a platform::MappedFile:
/// other memory would lose its contents.
void ReleasePages(std::span<const std::byte> bytes);

/// Whether two parts of mapped files are equal. Keeps no page of them.
bool SameBytes(std::span<const std::byte> a, std::span<const std::byte> b);

}  // namespace quanta::converter
