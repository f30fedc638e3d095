// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "tiss_lite/vfs/lower_folder.h"

namespace quanta::lite::program {

/// One path of a commit.
struct Operation {
  std::string path;
  NodeKind before = NodeKind::kNone, after = NodeKind::kNone;
  uint64_t before_hash = 0, after_hash = 0;  ///< of files
  uint32_t before_mode = 0644;               ///< of a file that was there
};

/// What a commit does, in the order of paths. Its files are "new/N" and "old/N", N the number
/// of the operation.
struct Manifest {
  bool is_undo = false;
  std::vector<Operation> operations;
};

std::string WriteManifest(const Manifest& manifest);
/// False if the text is none.
bool ReadManifest(std::string_view text, Manifest* manifest);

}  // namespace quanta::lite::program
