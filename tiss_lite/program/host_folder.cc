// SPDX-License-Identifier: MIT
#include "tiss_lite/program/host_folder.h"

#include <dirent.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include <algorithm>
#include <cstring>

#include "runtime/cli/error.h"
#include "tiss_lite/program/node_json.h"
#include "tiss_lite/vfs/path.h"

namespace quanta::lite::program {
namespace {

bool IsPrivate(const std::string& path) { return IsWithin(path, kPrivateFolder); }

NodeKind KindOf(const struct stat& status) {
  if (S_ISREG(status.st_mode)) return NodeKind::kFile;
  return S_ISDIR(status.st_mode) ? NodeKind::kFolder : NodeKind::kNone;
}

uint64_t HashOfNames(const std::vector<std::string>& names) {
  std::string all;
  for (const std::string& name : names) all.append(name).append("/");
  return HashOf(all);
}

}  // namespace

uint64_t HashOf(std::string_view bytes) {
  uint64_t hash = 0xcbf29ce484222325;
  for (const char c : bytes) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3;
  return hash;
}

HostFolder::HostFolder(const std::string& path, Resolution resolution)
    : path_(path),
      root_(open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)),
      resolution_(resolution) {
  if (root_.ok()) return;
  throw cli::Error(errno == ENOENT ? Code::kNotFound : Code::kIo, path,
                   std::string("cannot be opened as a folder: ") + std::strerror(errno));
}

Descriptor HostFolder::Open(const std::string& path, int flags) const {
  flags |= O_CLOEXEC | O_NOFOLLOW;
  if (path.empty()) return Descriptor(openat(root_.get(), ".", flags));
  if (resolution_ == Resolution::kAuto) {
    open_how how = {};
    how.flags = static_cast<uint64_t>(flags);
    how.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS;
    for (int tries = 0; tries < 8; ++tries) {
      const long number = syscall(SYS_openat2, root_.get(), path.c_str(), &how, sizeof how);
      if (number >= 0) return Descriptor(static_cast<int>(number));
      if (errno != EAGAIN) break;  // which means that something was moved meanwhile
    }
    if (errno != ENOSYS && errno != EPERM && errno != E2BIG) return Descriptor();
  }
  return OpenStepByStep(path, flags);
}

/// One part after the other, each opened in the folder before it: a link in any of them stops
/// the walk, and no ".." is ever taken.
Descriptor HostFolder::OpenStepByStep(const std::string& path, int flags) const {
  Descriptor at(openat(root_.get(), ".", O_PATH | O_DIRECTORY | O_CLOEXEC));
  for (size_t from = 0; at.ok();) {
    const size_t slash = path.find('/', from);
    const std::string part = path.substr(from, slash - from);
    if (part.empty() || part == "." || part == "..") {
      errno = EINVAL;
      return Descriptor();
    }
    const bool last = slash == path.npos;
    const int step = O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
    at = Descriptor(openat(at.get(), part.c_str(), last ? flags : step));
    if (last) break;
    from = slash + 1;
  }
  return at;
}

NodeKind HostFolder::LookNow(const std::string& path) const {
  if (path.empty()) return NodeKind::kFolder;
  if (IsPrivate(path)) return NodeKind::kNone;
  const Descriptor parent = Open(std::string(ParentOf(path)), O_PATH | O_DIRECTORY);
  struct stat status = {};
  const std::string name(NameOf(path));
  if (!parent.ok() || fstatat(parent.get(), name.c_str(), &status, AT_SYMLINK_NOFOLLOW) != 0) {
    return NodeKind::kNone;
  }
  return KindOf(status);
}

HostFolder::ReadResult HostFolder::ReadNow(const std::string& path, size_t max,
                                           std::string* bytes) const {
  if (IsPrivate(path)) return ReadResult::kFailed;
  // A fifo must not make us wait before we know that it is one.
  const Descriptor file = Open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY);
  struct stat status = {};
  if (!file.ok() || fstat(file.get(), &status) != 0 || !S_ISREG(status.st_mode)) {
    return ReadResult::kFailed;
  }
  if (static_cast<uint64_t>(status.st_size) > max) return ReadResult::kTooLarge;
  bytes->clear();
  char buffer[65536];
  while (bytes->size() <= max) {
    const ssize_t count = read(file.get(), buffer, sizeof buffer);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return ReadResult::kFailed;
    if (count == 0) return ReadResult::kOk;
    bytes->append(buffer, static_cast<size_t>(count));
  }
  return ReadResult::kTooLarge;
}

bool HostFolder::ListNow(const std::string& path, std::vector<std::string>* names) const {
  Descriptor folder = Open(path, O_RDONLY | O_DIRECTORY);
  DIR* const stream = folder.ok() ? fdopendir(folder.get()) : nullptr;
  if (stream == nullptr) return false;
  folder.Release();  // the stream owns it now
  names->clear();
  while (const dirent* entry = readdir(stream)) {
    const std::string name = entry->d_name;
    std::string resolved;
    // Names that no path of a script could have are not there.
    const bool odd = ResolvePath(name, &resolved) != nullptr || resolved != name;
    if (!odd && !IsPrivate(JoinPath(path, name))) names->push_back(name);
  }
  closedir(stream);
  std::sort(names->begin(), names->end());
  return true;
}

NodeKind HostFolder::Look(const std::string& path) {
  const NodeKind kind = LookNow(path);
  Seen& seen = seen_[path];
  if (!seen.looked) seen.kind = kind;
  seen.looked = true;
  return kind;
}

HostFolder::ReadResult HostFolder::Read(const std::string& path, size_t max, std::string* bytes) {
  max_read_ = std::max(max_read_, max);
  const ReadResult result = ReadNow(path, max, bytes);
  Seen& seen = seen_[path];
  if (result == ReadResult::kOk && !seen.read) {
    seen.read = true;
    seen.hash = HashOf(*bytes);
  }
  return result;
}

bool HostFolder::List(const std::string& path, std::vector<std::string>* names) {
  if (!ListNow(path, names)) return false;
  Seen& seen = seen_[path];
  if (!seen.listed) seen.names = HashOfNames(*names);
  seen.listed = true;
  return true;
}

std::vector<std::string> HostFolder::ChangedSince() {
  std::vector<std::string> changed;
  for (const auto& [path, seen] : seen_) {
    const std::string name = path.empty() ? "." : path;
    const NodeKind kind = LookNow(path);
    std::string bytes;
    std::vector<std::string> names;
    if (seen.looked && kind != seen.kind) {
      changed.push_back(name + (kind == NodeKind::kNone        ? ": is gone"
                                : seen.kind == NodeKind::kNone ? ": has appeared"
                                                               : ": is another thing"));
    } else if (seen.read && (ReadNow(path, max_read_, &bytes) != ReadResult::kOk ||
                             HashOf(bytes) != seen.hash)) {
      changed.push_back(name + ": was changed");
    } else if (seen.listed && (!ListNow(path, &names) || HashOfNames(names) != seen.names)) {
      changed.push_back(name + ": other things are in it");
    }
  }
  return changed;
}

Value HostFolder::SeenAsJson() const {
  Value paths = Value::List();
  for (const auto& [path, seen] : seen_) {
    Value json = Value::Object();
    if (!path.empty()) json.Set("path", Value::Text(path));
    if (seen.looked) json.Set("kind", Value::Text(KindText(seen.kind)));
    if (seen.read) json.Set("hash", Value::Text(std::to_string(seen.hash)));
    if (seen.listed) json.Set("names", Value::Text(std::to_string(seen.names)));
    paths.items.push_back(std::move(json));
  }
  Value all = Value::Object();
  all.Set("largest", Value::Text(std::to_string(max_read_)));
  all.Set("paths", std::move(paths));
  return all;
}

bool HostFolder::TakeSeen(const Value& json) {
  const Value* paths = json.Find("paths");
  uint64_t largest = 0;
  if (!ReadHash(json, "largest", &largest) || paths == nullptr || !paths->is(Value::Kind::kList)) {
    return false;
  }
  max_read_ = std::max<size_t>(max_read_, largest);
  for (const Value& item : paths->items) {
    std::string path;  // without one it is the folder itself
    if (item.Find("path") != nullptr && !ReadPath(item, "path", &path)) return false;
    Seen& seen = seen_[path];
    seen.looked = item.Find("kind") != nullptr;
    seen.read = item.Find("hash") != nullptr;
    seen.listed = item.Find("names") != nullptr;
    if ((seen.looked && !ReadKind(item, "kind", &seen.kind)) ||
        (seen.read && !ReadHash(item, "hash", &seen.hash)) ||
        (seen.listed && !ReadHash(item, "names", &seen.names))) {
      return false;
    }
  }
  return true;
}

}  // namespace quanta::lite::program
