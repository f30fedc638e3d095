// SPDX-License-Identifier: MIT
#include "tiss_lite/engine/parallel.h"

#include <algorithm>

#include "tiss_lite/base/chars.h"
#include "tiss_lite/vfs/path.h"

namespace quanta::lite {
namespace {

bool IsFolder(const std::optional<Vfs::Entry>& entry) {
  return entry && entry->kind == Vfs::Entry::Kind::kFolder;
}

bool IsThere(const std::optional<Vfs::Entry>& entry) {
  return entry && entry->kind != Vfs::Entry::Kind::kGone;
}

/// Two branches may set it: like LAST_RUN, the last one's stays.
bool IsShared(std::string_view variable) { return variable == "LAST_RESPONSE"; }

/// A path of `first` at which, or above which, `second` left no folder; empty if there is none.
std::string ClashOfPaths(const BranchChanges& first, const BranchChanges& second) {
  for (const auto& [path, entry] : first.files) {
    const auto same = second.files.find(path);
    // Both may make the same folder.
    if (same != second.files.end() && !(IsFolder(entry) && IsFolder(same->second))) return path;
    if (!IsThere(entry)) continue;
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
    if (!IsShared(name) && first.variables.count(name) > 0) return Concat("both set ", name);
  }
  std::string path = ClashOfPaths(first, second);
  if (path.empty()) path = ClashOfPaths(second, first);
  return path.empty() ? path : Concat("both change \"", path, "\"");
}

BranchIndex::Touched BranchIndex::At(std::string_view path) const {
  const auto found = paths_.find(path);
  return found == paths_.end() ? Touched() : found->second;
}

size_t BranchIndex::FirstBefore(const BranchChanges& changes) const {
  size_t first = kNone;
  for (const auto& [name, value] : changes.variables) {
    const auto setter = variables_.find(name);
    if (!IsShared(name) && setter != variables_.end()) first = std::min(first, setter->second);
  }
  for (const auto& [path, entry] : changes.files) {
    const Touched same = At(path);
    first = std::min(first, IsFolder(entry) ? same.no_folder : std::min(same.any, same.below));
    if (!IsThere(entry)) continue;
    for (std::string_view at = path; !at.empty();) {
      at = ParentOf(at);
      first = std::min(first, At(at).no_folder);
    }
  }
  return first;
}

size_t BranchIndex::Add(const BranchChanges& changes) {
  const size_t first = FirstBefore(changes);
  const size_t branch = branches_++;
  const auto note = [branch](size_t* place) { *place = std::min(*place, branch); };
  for (const auto& [name, value] : changes.variables) variables_.emplace(name, branch);
  for (const auto& [path, entry] : changes.files) {
    Touched& touched = paths_[path];
    note(&touched.any);
    if (!IsFolder(entry)) note(&touched.no_folder);
    if (!IsThere(entry)) continue;
    for (std::string_view at = path; !at.empty();) {
      at = ParentOf(at);
      note(&paths_[std::string(at)].below);
    }
  }
  return first;
}

}  // namespace quanta::lite
