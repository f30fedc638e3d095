// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "tiss_lite/vfs/lower_folder.h"

namespace quanta::lite {

/// A file's contents. Shared, so that copying a file system copies no file.
using Bytes = std::shared_ptr<const std::string>;
inline Bytes MakeBytes(std::string bytes) {
  return std::make_shared<const std::string>(std::move(bytes));
}

enum class FsError : uint8_t {
  kNone,
  kNotFound,
  kIsFolder,
  kNotFolder,  ///< a file stands where the path needs a folder
  kExists,
  kNotEmpty,
  kLimit,   ///< a quota: R308
  kFailed,  ///< the host cannot read a file of the lower folder
  kFault,   ///< FileAccess only: forbidden, see FileAccess::fault()
};
/// The text that Unix tools print for it: "No such file or directory".
const char* FsErrorText(FsError error);

struct FsLimits {
  size_t file_bytes = size_t{1} << 20;
  size_t files = 1000;
  size_t total_bytes = size_t{16} << 20;
};

/// The file system of a run: files and folders in memory, over an optional folder of the host
/// that is never written. A value: a copy is a snapshot.
///
/// All paths are resolved (ResolvePath). An operation that fails has changed nothing, but for
/// parents that MakeFolders() had made already.
class Vfs {
 public:
  explicit Vfs(FsLimits limits = {}, LowerFolder* lower = nullptr)
      : limits_(limits), lower_(lower) {}

  NodeKind Look(std::string_view path) const;
  FsError Read(std::string_view path, Bytes* bytes) const;
  /// The names in a folder, in the order of their bytes.
  FsError List(std::string_view path, std::vector<std::string>* names) const;

  /// Creates or replaces a file; its folder must exist.
  FsError Write(std::string_view path, Bytes bytes);
  FsError MakeFolder(std::string_view path);   ///< its parent must exist
  FsError MakeFolders(std::string_view path);  ///< with its parents; an existing one is fine
  /// Removes a file or an empty folder. The root cannot be removed: kFailed.
  FsError Remove(std::string_view path);

  /// Takes a file in, with its folders, before the run: it is not a change.
  FsError Import(std::string_view path, Bytes bytes);

  struct Entry {
    enum class Kind : uint8_t { kFile, kFolder, kGone };
    Kind kind = Kind::kFile;
    Bytes bytes;          ///< of a file
    bool opaque = false;  ///< a folder that hides the lower one of its name
  };
  using Entries = std::map<std::string, Entry, std::less<>>;
  /// What lies over the lower folder, by path.
  const Entries& entries() const { return entries_; }
  /// Puts an entry in, or takes it out, as it is. False if a quota forbids it.
  bool Apply(const std::string& path, std::optional<Entry> entry);
  /// What was imported, as entries() was right after.
  const Entries& imported() const { return base_; }
  /// Takes all entries out, and tells what was imported: for a suspended run.
  void Reset(Entries imported);

  struct Change {
    std::string path;
    NodeKind before = NodeKind::kNone, after = NodeKind::kNone;
    Bytes old_bytes, new_bytes;  ///< of files
  };
  /// What differs from the start of the run, by path.
  std::vector<Change> Changes() const;

  /// Paths changed since the set was last taken: how PARALLEL sees conflicts.
  std::set<std::string>& touched() { return touched_; }

 private:
  struct Found {
    const Entry* entry = nullptr;  ///< null: it is in the lower folder, or nowhere
    NodeKind kind = NodeKind::kNone;
    bool under_file = false;  ///< a part of the path before the last is a file
    bool lower_visible = false;
  };
  Found Find(std::string_view path) const;
  bool LowerHas(std::string_view path) const;
  FsError CheckParent(std::string_view path) const;
  /// Replaces the entry of `path` if the quotas allow it.
  bool Put(std::string_view path, Entry entry);
  void Forget(std::string_view path);
  void Count(const Entry& entry, int sign);

  FsLimits limits_;
  LowerFolder* lower_;
  Entries entries_;
  Entries base_;  ///< what was imported
  std::set<std::string> touched_;
  size_t files_ = 0, others_ = 0, bytes_ = 0;
};

}  // namespace quanta::lite
