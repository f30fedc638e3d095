// SPDX-License-Identifier: MIT
#include "tiss_lite/vfs/vfs.h"

#include <utility>

#include "tiss_lite/vfs/path.h"

namespace quanta::lite {
namespace {

using Kind = Vfs::Entry::Kind;

NodeKind KindOf(const Vfs::Entry& entry) {
  switch (entry.kind) {
    case Kind::kFile:
      return NodeKind::kFile;
    case Kind::kFolder:
      return NodeKind::kFolder;
    case Kind::kGone:
      break;
  }
  return NodeKind::kNone;
}

Vfs::Entry FolderEntry(bool opaque) { return {Kind::kFolder, nullptr, opaque}; }

}  // namespace

const char* FsErrorText(FsError error) {
  switch (error) {
    case FsError::kNone:
      return "";
    case FsError::kNotFound:
      return "No such file or directory";
    case FsError::kIsFolder:
      return "Is a directory";
    case FsError::kNotFolder:
      return "Not a directory";
    case FsError::kExists:
      return "File exists";
    case FsError::kNotEmpty:
      return "Directory not empty";
    case FsError::kLimit:
      return "No space left";
    case FsError::kFailed:
      return "Input/output error";
    case FsError::kFault:
      return "Permission denied";
  }
  return "";
}

Vfs::Found Vfs::Find(std::string_view path) const {
  Found found;
  found.lower_visible = lower_ != nullptr;
  if (path.empty()) {
    found.kind = NodeKind::kFolder;
    return found;
  }
  for (size_t from = 0;;) {
    const size_t slash = path.find('/', from);
    const std::string_view prefix = path.substr(0, slash);
    const bool last = slash == path.npos;
    const auto entry = entries_.find(prefix);
    if (entry != entries_.end()) {
      found.entry = last ? &entry->second : nullptr;
      found.kind = KindOf(entry->second);
      if (entry->second.kind != Kind::kFolder || entry->second.opaque) {
        found.lower_visible = false;
      }
      if (!last && found.kind != NodeKind::kFolder) {
        found.under_file = found.kind == NodeKind::kFile;
        found.kind = NodeKind::kNone;
        return found;
      }
    } else if (!found.lower_visible) {
      found.kind = NodeKind::kNone;
      return found;
    } else {
      found.kind = lower_->Look(std::string(prefix));
      if (!last && found.kind == NodeKind::kFile) {
        found.under_file = true;
        found.kind = NodeKind::kNone;
        return found;
      }
    }
    if (last || found.kind == NodeKind::kNone) return found;
    from = slash + 1;
  }
}

NodeKind Vfs::Look(std::string_view path) const { return Find(path).kind; }

FsError Vfs::Read(std::string_view path, Bytes* bytes) const {
  const Found found = Find(path);
  if (found.kind == NodeKind::kFolder) return FsError::kIsFolder;
  if (found.kind == NodeKind::kNone) {
    return found.under_file ? FsError::kNotFolder : FsError::kNotFound;
  }
  if (found.entry != nullptr) {
    *bytes = found.entry->bytes;
    return FsError::kNone;
  }
  std::string contents;
  switch (lower_->Read(std::string(path), limits_.file_bytes, &contents)) {
    case LowerFolder::ReadResult::kOk:
      *bytes = MakeBytes(std::move(contents));
      return FsError::kNone;
    case LowerFolder::ReadResult::kTooLarge:
      return FsError::kLimit;
    case LowerFolder::ReadResult::kFailed:
      break;
  }
  return FsError::kFailed;
}

FsError Vfs::List(std::string_view path, std::vector<std::string>* names) const {
  const Found found = Find(path);
  if (found.kind == NodeKind::kFile) return FsError::kNotFolder;
  if (found.kind == NodeKind::kNone) {
    return found.under_file ? FsError::kNotFolder : FsError::kNotFound;
  }
  std::set<std::string> all;
  if (found.lower_visible && LowerHas(path)) {
    std::vector<std::string> lower;
    if (!lower_->List(std::string(path), &lower)) return FsError::kFailed;
    for (const std::string& name : lower) {
      if (Look(JoinPath(path, name)) != NodeKind::kNone) all.insert(name);
    }
  }
  const std::string prefix = path.empty() ? "" : std::string(path) + "/";
  for (auto entry = entries_.lower_bound(prefix);
       entry != entries_.end() && entry->first.starts_with(prefix); ++entry) {
    const std::string_view rest = std::string_view(entry->first).substr(prefix.size());
    if (rest.empty() || rest.find('/') != rest.npos) continue;
    if (KindOf(entry->second) != NodeKind::kNone) all.insert(std::string(rest));
  }
  names->assign(all.begin(), all.end());
  return FsError::kNone;
}

bool Vfs::LowerHas(std::string_view path) const {
  return lower_ != nullptr && (path.empty() || lower_->Look(std::string(path)) != NodeKind::kNone);
}

FsError Vfs::CheckParent(std::string_view path) const {
  const Found parent = Find(ParentOf(path));
  if (parent.kind == NodeKind::kFolder) return FsError::kNone;
  const bool file = parent.kind == NodeKind::kFile || parent.under_file;
  return file ? FsError::kNotFolder : FsError::kNotFound;
}

FsError Vfs::Write(std::string_view path, Bytes bytes) {
  if (Look(path) == NodeKind::kFolder) return FsError::kIsFolder;
  if (const FsError error = CheckParent(path); error != FsError::kNone) return error;
  return Put(path, {Kind::kFile, std::move(bytes), false}) ? FsError::kNone : FsError::kLimit;
}

FsError Vfs::MakeFolder(std::string_view path) {
  if (Look(path) != NodeKind::kNone) return FsError::kExists;
  if (const FsError error = CheckParent(path); error != FsError::kNone) return error;
  return Put(path, FolderEntry(/*opaque=*/true)) ? FsError::kNone : FsError::kLimit;
}

FsError Vfs::MakeFolders(std::string_view path) {
  const Found found = Find(path);
  if (found.kind == NodeKind::kFolder) return FsError::kNone;
  if (found.kind == NodeKind::kFile) return FsError::kExists;
  if (found.under_file) return FsError::kNotFolder;
  const FsError error = MakeFolders(ParentOf(path));
  return error == FsError::kNone ? MakeFolder(path) : error;
}

FsError Vfs::Remove(std::string_view path) {
  if (path.empty()) return FsError::kFailed;
  const Found found = Find(path);
  if (found.kind == NodeKind::kNone) {
    return found.under_file ? FsError::kNotFolder : FsError::kNotFound;
  }
  if (found.kind == NodeKind::kFolder) {
    std::vector<std::string> names;
    if (const FsError error = List(path, &names); error != FsError::kNone) return error;
    if (!names.empty()) return FsError::kNotEmpty;
  }
  if (LowerHas(path))
    return Put(path, {Kind::kGone, nullptr, false}) ? FsError::kNone : FsError::kLimit;
  Forget(path);
  return FsError::kNone;
}

FsError Vfs::Import(std::string_view path, Bytes bytes) {
  FsError error = MakeFolders(ParentOf(path));
  if (error == FsError::kNone) error = Write(path, std::move(bytes));
  if (error != FsError::kNone) return error;
  for (std::string_view at = path; !at.empty(); at = ParentOf(at)) {
    const auto entry = entries_.find(at);
    if (entry != entries_.end()) base_[std::string(at)] = entry->second;
  }
  touched_.clear();
  return error;
}

void Vfs::Count(const Entry& entry, int sign) {
  const auto add = [sign](size_t* total, size_t amount) {
    *total = sign > 0 ? *total + amount : *total - amount;
  };
  if (entry.kind == Kind::kFile) {
    add(&files_, 1);
    add(&bytes_, entry.bytes->size());
  } else {
    add(&others_, 1);
  }
}

bool Vfs::Put(std::string_view path, Entry entry) {
  const auto old = entries_.find(path);
  if (old != entries_.end()) Count(old->second, -1);
  Count(entry, 1);
  const bool too_large = entry.kind == Kind::kFile && entry.bytes->size() > limits_.file_bytes;
  if (too_large || files_ > limits_.files || others_ > 4 * limits_.files ||
      bytes_ > limits_.total_bytes) {
    Count(entry, -1);
    if (old != entries_.end()) Count(old->second, 1);
    return false;
  }
  touched_.emplace(path);
  if (old != entries_.end()) {
    old->second = std::move(entry);
  } else {
    entries_.emplace(path, std::move(entry));
  }
  return true;
}

void Vfs::Forget(std::string_view path) {
  const auto old = entries_.find(path);
  if (old == entries_.end()) return;
  Count(old->second, -1);
  entries_.erase(old);
  touched_.emplace(path);
}

bool Vfs::Apply(const std::string& path, std::optional<Entry> entry) {
  if (entry) return Put(path, *std::move(entry));
  Forget(path);
  return true;
}

void Vfs::Reset(Entries imported) {
  entries_.clear();
  touched_.clear();
  files_ = others_ = bytes_ = 0;
  base_ = std::move(imported);
}

std::vector<Vfs::Change> Vfs::Changes() const {
  std::set<std::string> paths;
  for (const auto& [path, entry] : entries_) paths.insert(path);
  for (const auto& [path, entry] : base_) paths.insert(path);
  std::vector<Change> changes;
  for (const std::string& path : paths) {
    Change change;
    change.path = path;
    change.after = Look(path);
    if (change.after == NodeKind::kFile) static_cast<void>(Read(path, &change.new_bytes));
    const auto base = base_.find(path);
    if (base != base_.end()) {
      change.before = KindOf(base->second);
      change.old_bytes = base->second.bytes;
    } else if (lower_ != nullptr) {
      change.before = lower_->Look(path);
      std::string bytes;
      if (change.before == NodeKind::kFile &&
          lower_->Read(path, limits_.file_bytes, &bytes) == LowerFolder::ReadResult::kOk) {
        change.old_bytes = MakeBytes(std::move(bytes));
      }
    }
    const bool same_bytes =
        change.after != NodeKind::kFile ||
        (change.old_bytes && change.new_bytes && *change.old_bytes == *change.new_bytes);
    if (change.before == change.after && same_bytes) continue;
    changes.push_back(std::move(change));
  }
  return changes;
}

}  // namespace quanta::lite
