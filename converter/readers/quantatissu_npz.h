// SPDX-License-Identifier: MIT
#pragma once

#include <map>
#include <string>
#include <vector>

#include "converter/readers/quantatissu.h"

namespace quanta::converter::tissu {

/// The arrays of a model and what each is for. Stays as it is: `parts` points into
/// `stored`, which survives a move.
struct Loaded {
  std::vector<Stored> stored;
  Parts parts;
};

/// Tells from the names of the arrays which kind of file they come from: weights by name,
/// the older ones without blocks, or a training checkpoint; fills the checkpoint's
/// source_format and notes. Throws Error naming an array that has no place.
Loaded LoadArrays(std::map<std::string, NpyArray> arrays, const std::string& path,
                  Checkpoint* checkpoint);

}  // namespace quanta::converter::tissu
