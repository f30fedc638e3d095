// SPDX-License-Identifier: MIT
#include "tiss_lite/shell/file_access.h"

#include <utility>

#include "tiss_lite/base/chars.h"
#include "tiss_lite/vfs/path.h"

namespace quanta::lite {
namespace {

constexpr uint64_t kWorkPerCall = 64;  // of looking a path up
// Of the copy that a program of the host gets.
constexpr size_t kMaxViewEntries = 20000, kMaxViewBytes = size_t{64} << 20;
constexpr char kViewTooLarge[] = "the files that it could read are too many or too large";

}  // namespace

FsError FileAccess::Fail(Fault fault) {
  if (!fault_) fault_ = std::move(fault);
  return FsError::kFault;
}

void FileAccess::Record(std::string_view capability, std::string_view subject, const char* reason) {
  if (audit_ == nullptr) return;
  const bool allowed = reason == nullptr;
  audit_->Record({line_, capability, std::string(subject), allowed, allowed ? "" : reason});
}

bool FileAccess::Spend(uint64_t work) {
  if (fault_) return false;
  if (meter_.Spend(work)) return true;
  Fail({"R308", "the run's tools have done all the work that they may do"});
  return false;
}

FsError FileAccess::Resolve(std::string_view path, std::string* resolved) {
  if (!Spend(kWorkPerCall)) return FsError::kFault;
  const char* why = ResolvePath(path, resolved);
  if (why == nullptr) return FsError::kNone;
  Record("path", path, why);
  return Fail({"R303", Concat("the path \"", path, "\" is not allowed: ", why)});
}

FsError FileAccess::Open(std::string_view path, Need need, std::string* resolved) {
  if (Resolve(path, resolved) != FsError::kNone) return FsError::kFault;
  const bool write = need == Need::kWrite;
  const bool may = write ? capabilities_->MayWrite(*resolved) : capabilities_->MayRead(*resolved);
  const char* const name = write ? "fs.write" : "fs.read";
  Record(name, resolved->empty() ? "." : *resolved, may ? nullptr : "not granted");
  if (may) return FsError::kNone;
  return Fail({"R304", Concat("the capability ", name, " is not granted for \"", path, "\"")});
}

FsError FileAccess::Checked(FsError error, std::string_view path) {
  if (error != FsError::kLimit) return error;
  return Fail({"R308", Concat("\"", path, "\" does not fit into the file system's limits")});
}

FsError FileAccess::Look(std::string_view path, NodeKind* kind) {
  std::string at;
  if (Open(path, Need::kRead, &at) != FsError::kNone) return FsError::kFault;
  *kind = vfs_->Look(at);
  // "file/" names a folder.
  if (*kind == NodeKind::kFile && path.ends_with('/')) *kind = NodeKind::kNone;
  return FsError::kNone;
}

FsError FileAccess::Read(std::string_view path, Bytes* bytes) {
  std::string at;
  if (Open(path, Need::kRead, &at) != FsError::kNone) return FsError::kFault;
  if (path.ends_with('/') && vfs_->Look(at) == NodeKind::kFile) return FsError::kNotFolder;
  const FsError error = Checked(vfs_->Read(at, bytes), path);
  if (error == FsError::kNone && !Spend((*bytes)->size())) return FsError::kFault;
  return error;
}

FsError FileAccess::List(std::string_view path, std::vector<std::string>* names) {
  std::string at;
  if (Open(path, Need::kRead, &at) != FsError::kNone) return FsError::kFault;
  const FsError error = vfs_->List(at, names);
  if (error == FsError::kNone && !Spend(names->size() * kWorkPerCall)) return FsError::kFault;
  return error;
}

FsError FileAccess::Write(std::string_view path, std::string bytes) {
  std::string at;
  if (Open(path, Need::kWrite, &at) != FsError::kNone || !Spend(bytes.size())) {
    return FsError::kFault;
  }
  if (at.empty() || path.ends_with('/')) return FsError::kIsFolder;
  return Checked(vfs_->Write(at, MakeBytes(std::move(bytes))), path);
}

FsError FileAccess::Append(std::string_view path, std::string_view bytes) {
  std::string at;
  if (Open(path, Need::kWrite, &at) != FsError::kNone) return FsError::kFault;
  if (at.empty() || path.ends_with('/')) return FsError::kIsFolder;
  Bytes old;
  FsError error = Checked(vfs_->Read(at, &old), path);
  if (error != FsError::kNone && error != FsError::kNotFound) return error;
  std::string all = old ? *old : std::string();
  all += bytes;
  if (!Spend(all.size())) return FsError::kFault;
  return Checked(vfs_->Write(at, MakeBytes(std::move(all))), path);
}

FsError FileAccess::WriteWithFolders(std::string_view path, std::string bytes) {
  std::string at;
  if (Open(path, Need::kWrite, &at) != FsError::kNone) return FsError::kFault;
  if (at.empty() || path.ends_with('/')) return FsError::kIsFolder;
  const FsError error = Checked(vfs_->MakeFolders(ParentOf(at)), path);
  return error == FsError::kNone ? Write(path, std::move(bytes)) : error;
}

FsError FileAccess::MakeFolder(std::string_view path) {
  std::string at;
  if (Open(path, Need::kWrite, &at) != FsError::kNone) return FsError::kFault;
  return Checked(vfs_->MakeFolder(at), path);
}

FsError FileAccess::MakeFolders(std::string_view path) {
  std::string at;
  if (Open(path, Need::kWrite, &at) != FsError::kNone) return FsError::kFault;
  return Checked(vfs_->MakeFolders(at), path);
}

const char* FileAccess::View(FileTree* tree) {
  for (const std::string& folder : capabilities_->ReadFolders()) {
    Record("fs.read", folder.empty() ? "." : folder, nullptr);
    for (std::string_view at = ParentOf(folder); !at.empty(); at = ParentOf(at)) {
      if (vfs_->Look(at) == NodeKind::kFolder) tree->emplace(at, nullptr);
    }
    if (const char* why = AddToView(folder, tree)) return why;
  }
  return nullptr;
}

const char* FileAccess::AddToView(const std::string& path, FileTree* tree) {
  if (!Spend(kWorkPerCall)) return nullptr;
  if (tree->size() >= kMaxViewEntries) return kViewTooLarge;
  const NodeKind kind = vfs_->Look(path);
  if (kind == NodeKind::kFile) {
    Bytes bytes;
    const FsError error = vfs_->Read(path, &bytes);
    if (error == FsError::kLimit) return kViewTooLarge;
    if (error != FsError::kNone) return nullptr;  // gone meanwhile
    view_bytes_ += bytes->size();
    if (view_bytes_ > kMaxViewBytes) return kViewTooLarge;
    static_cast<void>(Spend(bytes->size()));
    tree->insert_or_assign(path, std::move(bytes));
    return nullptr;
  }
  if (kind != NodeKind::kFolder) return nullptr;
  if (!path.empty()) tree->emplace(path, nullptr);
  std::vector<std::string> names;
  if (vfs_->List(path, &names) != FsError::kNone) return nullptr;
  for (const std::string& name : names) {
    if (const char* why = AddToView(JoinPath(path, name), tree)) return why;
  }
  return nullptr;
}

FsError FileAccess::Remove(std::string_view path) {
  std::string at;
  if (Open(path, Need::kWrite, &at) != FsError::kNone) return FsError::kFault;
  if (at.empty()) {
    Record("path", path, "it is the root");
    return Fail({"R303", "the root cannot be removed"});
  }
  if (path.ends_with('/') && vfs_->Look(at) == NodeKind::kFile) return FsError::kNotFolder;
  return Checked(vfs_->Remove(at), path);
}

}  // namespace quanta::lite
