// SPDX-License-Identifier: MIT
#include "tiss_lite/program/commit.h"

#include <fcntl.h>
#include <sys/stat.h>

#include "runtime/cli/error.h"
#include "tiss_lite/program/journal.h"
#include "tiss_lite/vfs/path.h"

namespace quanta::lite::program {
namespace {

constexpr uint32_t kNewFile = 0644;
constexpr size_t kMostBytes = size_t{1} << 30;

[[noreturn]] void Refuse(const HostFolder& folder, const std::string& path, const char* why) {
  throw cli::Error(Code::kDenied, folder.path() + "/" + path, why, "nothing was changed");
}

/// The mode of a file that is there, 0 if something else is.
uint32_t ModeOf(const HostFolder& folder, const std::string& path) {
  const Descriptor file = folder.Open(path, O_PATH);
  struct stat status = {};
  if (!file.ok() || fstat(file.get(), &status) != 0 || !S_ISREG(status.st_mode)) return 0;
  return status.st_mode & 07777;
}

/// Refuses if something that is no file and no folder has the name: a run cannot see it, and
/// so must not replace it.
void CheckNothingHidden(const HostFolder& folder, const std::string& path) {
  const Descriptor parent = folder.Open(std::string(ParentOf(path)), O_PATH | O_DIRECTORY);
  struct stat status = {};
  const std::string name(NameOf(path));
  if (parent.ok() && fstatat(parent.get(), name.c_str(), &status, AT_SYMLINK_NOFOLLOW) == 0) {
    Refuse(folder, path, "something that a run does not see has this name");
  }
}

Operation OperationOf(HostFolder* folder, const Vfs::Change& change) {
  Operation operation;
  operation.path = change.path;
  operation.before = change.before;
  operation.after = change.after;
  if (change.old_bytes) operation.before_hash = HashOf(*change.old_bytes);
  if (change.new_bytes) operation.after_hash = HashOf(*change.new_bytes);
  if (IsWithin(change.path, kPrivateFolder)) {
    Refuse(*folder, change.path, "this is where commits keep their journal");
  }
  if (change.before == NodeKind::kNone) CheckNothingHidden(*folder, change.path);
  if (change.before != NodeKind::kFile) return operation;
  operation.before_mode = ModeOf(*folder, change.path);
  if (operation.before_mode == 0) Refuse(*folder, change.path, "was changed during the run");
  return operation;
}

/// Refuses unless the folder is as the operation found it, or left it.
std::string CheckState(HostFolder* folder, const Operation& operation, bool after) {
  const NodeKind kind = after ? operation.after : operation.before;
  const uint64_t hash = after ? operation.after_hash : operation.before_hash;
  std::string bytes;
  const char* const why = "has been changed meanwhile";
  if (folder->Look(operation.path) != kind) Refuse(*folder, operation.path, why);
  if (kind != NodeKind::kFile) return bytes;
  if (folder->Read(operation.path, kMostBytes, &bytes) != LowerFolder::ReadResult::kOk ||
      HashOf(bytes) != hash) {
    Refuse(*folder, operation.path, why);
  }
  return bytes;
}

}  // namespace

void Recover(HostFolder* folder) {
  Journal journal(folder, Journal::Open::kIfThere);
  if (journal.there()) journal.Recover();
}

void Commit(HostFolder* folder, const std::vector<Vfs::Change>& changes) {
  if (changes.empty()) return;
  Journal journal(folder, Journal::Open::kCreate);
  journal.Recover();
  const std::vector<std::string> conflicts = folder->ChangedSince();
  if (!conflicts.empty()) {
    std::string all;
    for (const std::string& conflict : conflicts) all += (all.empty() ? "" : "; ") + conflict;
    throw cli::Error(Code::kDenied, folder->path(), "the folder was changed during the run: " + all,
                     "nothing was changed; run again");
  }
  Manifest manifest;
  journal.Begin();
  for (const Vfs::Change& change : changes) {
    const size_t number = manifest.operations.size();
    manifest.operations.push_back(OperationOf(folder, change));
    const Operation& operation = manifest.operations.back();
    const std::string old = CheckState(folder, operation, /*after=*/false);
    const bool was_file = operation.before == NodeKind::kFile;
    if (was_file) journal.AddOld(number, old, operation.before_mode);
    if (operation.after != NodeKind::kFile) continue;
    journal.AddNew(number, *change.new_bytes, was_file ? operation.before_mode : kNewFile);
  }
  journal.Seal(manifest);
  journal.Apply();
  folder->ForgetSeen();
}

std::vector<std::string> Undo(HostFolder* folder) {
  Journal journal(folder, Journal::Open::kIfThere);
  Manifest last;
  if (journal.there()) journal.Recover();
  if (!journal.there() || !journal.ReadUndo(&last)) {
    throw cli::Error(Code::kNotFound, folder->path(), "there is no commit to undo");
  }
  Manifest undo;
  undo.is_undo = true;
  std::vector<std::string> paths;
  journal.Begin();
  for (const Operation& done : last.operations) {
    CheckState(folder, done, /*after=*/true);
    Operation back = done;
    std::swap(back.before, back.after);
    std::swap(back.before_hash, back.after_hash);
    const size_t number = undo.operations.size();
    if (back.after == NodeKind::kFile) {
      journal.AddNew(number, journal.ReadUndoFile(number), done.before_mode);
    }
    undo.operations.push_back(back);
    paths.push_back(done.path);
  }
  journal.Seal(undo);
  journal.Apply();
  return paths;
}

}  // namespace quanta::lite::program
