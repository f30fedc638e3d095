// SPDX-License-Identifier: MIT
#pragma once

#include <map>
#include <string>

#include "converter/numpy/npy.h"

namespace quanta::converter {

/// The arrays of an .npz file by name: a zip archive of .npy files, as np.savez writes it.
/// Everything is read once, since each array's checksum is checked. `mapped`: `file` lies
/// in a platform::MappedFile, whose pages are released.
/// Throws Error(kCorrupt, kUnsupported).
std::map<std::string, NpyArray> ReadNpz(std::span<const std::byte> file, bool mapped,
                                        std::string_view place);

/// Whether a file looks like one from its beginning.
bool LooksLikeNpz(std::span<const std::byte> file);

}  // namespace quanta::converter
