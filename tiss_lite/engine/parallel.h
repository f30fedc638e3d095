// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "tiss_lite/engine/state.h"

namespace quanta::lite {

/// What one branch of a PARALLEL changed.
struct BranchChanges {
  uint32_t line = 0;
  std::map<std::string, Value> variables;
  std::optional<LastRun> last_run;
  /// By path; none: nothing is there any more.
  std::map<std::string, std::optional<Vfs::Entry>> files;
};

/// A PARALLEL that is being run: every branch starts from the same state.
struct ParallelRun {
  /// What the variables that branches have set were before; none: unset.
  std::map<std::string, std::optional<Value>> originals;
  LastRun last_run;
  Vfs files;
  std::set<std::string> outer_touched;
  std::set<std::string> outer_paths;
  bool outer_last_run_touched = false;
  std::vector<BranchChanges> finished;
};

/// What two branches both changed, in words; empty if nothing.
std::string FindConflict(const BranchChanges& first, const BranchChanges& second);

/// Finds conflicts of a branch with all before it, in time linear in what the branch changed.
class BranchIndex {
 public:
  static constexpr size_t kNone = SIZE_MAX;
  /// Adds the next branch. Returns the number, from 0, of the first one before it with which
  /// FindConflict() finds something, or kNone.
  size_t Add(const BranchChanges& changes);

 private:
  /// The first branches that touched a path.
  struct Touched {
    size_t any = kNone;
    size_t no_folder = kNone;  ///< left something else than a folder there
    size_t below = kNone;      ///< left something below it
  };
  size_t FirstBefore(const BranchChanges& changes) const;
  Touched At(std::string_view path) const;

  size_t branches_ = 0;
  std::map<std::string, size_t, std::less<>> variables_;
  std::map<std::string, Touched, std::less<>> paths_;
};

}  // namespace quanta::lite
