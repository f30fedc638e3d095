// SPDX-License-Identifier: MIT
#include "tiss_lite/engine/parallel.h"

#include "tiss_lite/base/chars.h"
#include "tiss_lite/vfs/path.h"

namespace quanta::lite {
namespace {

bool IsFolder(const std::optional<Vfs::Entry>& entry) {
  return entry && entry->kind == Vfs::Entry::Kind::kFolder;
}

/// A path of `first` at which, or above which, `second` left no folder; empty if there is none.
std::string ClashOfPaths(const BranchChanges& first, const BranchChanges& second) {
  for (const auto& [path, entry] : first.files) {
    const auto same = second.files.find(path);
    // Both may make the same folder.
    if (same != second.files.end() && !(IsFolder(entry) && IsFolder(same->second))) return path;
    if (!entry || entry->kind == Vfs::Entry::Kind::kGone) continue;
    for (std::string_view at = path; !at.empty();) {
      at = ParentOf(at);
      const auto above = second.files.find(std::string(at));
      if (above != second.files.end() && !IsFolder(above->second)) return path;
    }
  }
  return {};
}

}  // namespace

std::string FindConflict(const BranchChanges& first, const BranchChanges& second) {
  for (const auto& [name, value] : second.variables) {
    // Like LAST_RUN: the last branch's stays.
    if (name != "LAST_RESPONSE" && first.variables.count(name) > 0) {
      return Concat("both set ", name);
    }
  }
  std::string path = ClashOfPaths(first, second);
  if (path.empty()) path = ClashOfPaths(second, first);
  return path.empty() ? path : Concat("both change \"", path, "\"");
}

}  // namespace quanta::lite
