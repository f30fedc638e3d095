// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <span>
#include <string_view>
#include <vector>

#include "converter/readers/quantatissu.h"

namespace quanta::converter::tissu {

/// The parameters of a checkpoint of the C++ core, in their order; `*state` becomes the
/// number of arrays of optimizer state after them. Every array's bytes lie in `file`, as
/// many as its shape takes. Memory: proportional to the number of arrays.
/// Throws Error(kCorrupt).
std::vector<Stored> ReadCoreFile(std::span<const std::byte> file, std::string_view place,
                                 size_t* state);

/// Whether the first array's rank, extents and count agree: the format has no magic number.
bool LooksLikeCoreFile(std::span<const std::byte> file);

}  // namespace quanta::converter::tissu
