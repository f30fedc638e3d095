// SPDX-License-Identifier: MIT
//
// PARALLEL: branches that do not see each other, and are merged in source order.
#include <utility>

#include "tiss_lite/base/chars.h"
#include "tiss_lite/engine/engine.h"

namespace quanta::lite {
namespace {

bool SameEntry(const std::optional<Vfs::Entry>& a, const std::optional<Vfs::Entry>& b) {
  if (!a || !b) return !a && !b;
  if (a->kind != b->kind || a->opaque != b->opaque) return false;
  return a->kind != Vfs::Entry::Kind::kFile || a->bytes == b->bytes || *a->bytes == *b->bytes;
}

std::optional<Vfs::Entry> EntryAt(const Vfs& files, const std::string& path) {
  const auto entry = files.entries().find(path);
  if (entry == files.entries().end()) return std::nullopt;
  return entry->second;
}

}  // namespace

void ExecutionEngine::BeginParallel() {
  ParallelRun& run = parallels_.back();
  run.last_run = state_.last_run;
  run.files = state_.files;
  run.outer_touched = std::exchange(state_.touched, {});
  run.outer_paths = std::exchange(state_.files.touched(), {});
  run.outer_last_run_touched = std::exchange(state_.last_run_touched, false);
}

/// Before each branch: everything is as it was at the start.
void ExecutionEngine::StartBranch() {
  const ParallelRun& run = parallels_.back();
  for (const std::string& name : state_.touched) {
    const auto variable = state_.variables.find(name);
    const auto original = run.originals.find(name);
    if (variable == state_.variables.end() || original == run.originals.end()) continue;
    state_.variables_bytes -= ValueBytes(variable->second);
    if (original->second) {
      state_.variables_bytes += ValueBytes(*original->second);
      variable->second = *original->second;
    } else {
      state_.variables.erase(variable);
    }
  }
  if (state_.last_run_touched) state_.last_run = run.last_run;
  if (!state_.files.touched().empty()) state_.files = run.files;
  state_.touched.clear();
  state_.files.touched().clear();
  state_.last_run_touched = false;
}

void ExecutionEngine::FinishBranch(uint32_t line) {
  ParallelRun& run = parallels_.back();
  BranchChanges changes;
  changes.line = line;
  for (const std::string& name : state_.touched) {
    const auto variable = state_.variables.find(name);
    if (variable != state_.variables.end()) changes.variables.emplace(name, variable->second);
  }
  if (state_.last_run_touched) changes.last_run = state_.last_run;
  for (const std::string& path : state_.files.touched()) {
    std::optional<Vfs::Entry> now = EntryAt(state_.files, path);
    if (SameEntry(now, EntryAt(run.files, path))) continue;
    changes.files.emplace(path, std::move(now));
  }
  run.finished.push_back(std::move(changes));
}

/// Ends the innermost PARALLEL. `report`: conflicts are an error; else the later branch wins.
bool ExecutionEngine::MergeBranches(bool report) {
  StartBranch();
  const ParallelRun run = std::move(parallels_.back());
  parallels_.pop_back();
  state_.touched = run.outer_touched;
  state_.files.touched() = run.outer_paths;
  state_.last_run_touched = run.outer_last_run_touched;
  bool ok = true;
  BranchIndex index;
  for (size_t i = 0; i < run.finished.size() && report && ok; ++i) {
    const size_t before = index.Add(run.finished[i]);
    if (before == BranchIndex::kNone) continue;
    const BranchChanges& other = run.finished[before];
    line_ = run.finished[i].line;
    ok = Fail("R314", Concat("this branch and the one in line ", std::to_string(other.line),
                             " of PARALLEL ", FindConflict(other, run.finished[i])));
  }
  for (const BranchChanges& branch : run.finished) {
    for (const auto& [name, value] : branch.variables) {
      const bool assigned = Assign(name, value);
      ok = ok && assigned;
    }
    if (branch.last_run) {
      state_.last_run = *branch.last_run;
      state_.last_run_touched = true;
    }
    for (const auto& [path, entry] : branch.files) {
      if (state_.files.Apply(path, entry)) continue;
      ok = ok && Fail("R308", "the changes of all branches do not fit into the file system");
    }
  }
  return ok;
}

}  // namespace quanta::lite
