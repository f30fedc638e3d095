// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "tiss_lite/base/json.h"
#include "tiss_lite/vfs/vfs.h"

namespace quanta::lite::program {

/// The lines that turn `before` into `after` as a unified diff's hunks, three lines of context
/// around each; empty if they are equal. Shortest possible up to some thousand changed lines,
/// correct beyond.
std::string UnifiedHunks(std::string_view before, std::string_view after);

/// What a run has changed as a unified diff. `colour`: for a terminal; control characters of
/// the texts are then made visible.
std::string DiffText(const std::vector<Vfs::Change>& changes, bool colour);

/// The same as a list of {"path", "before", "after": "file", "folder" or "none", and for files of
/// text "hunks", else "binary": true}.
void WriteChanges(const std::vector<Vfs::Change>& changes, JsonWriter* json);

}  // namespace quanta::lite::program
