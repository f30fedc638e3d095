// SPDX-License-Identifier: MIT
#include "tiss_lite/program/journal.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>

#include <cstdio>
#include <cstring>

#include "runtime/cli/error.h"
#include "tiss_lite/vfs/path.h"

namespace quanta::lite::program {
namespace {

constexpr int kFolderFlags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;

std::string ReadAll(int descriptor) {
  std::string bytes;
  char buffer[65536];
  for (;;) {
    const ssize_t count = read(descriptor, buffer, sizeof buffer);
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return bytes;
    bytes.append(buffer, static_cast<size_t>(count));
  }
}

/// Our own folders: two levels at most.
void RemoveFolder(int parent, const char* name) {
  Descriptor folder(openat(parent, name, kFolderFlags));
  if (!folder.ok()) return;
  const int descriptor = folder.get();
  DIR* const stream = fdopendir(dup(descriptor));
  while (const dirent* entry = stream == nullptr ? nullptr : readdir(stream)) {
    const std::string_view inner = entry->d_name;
    if (inner == "." || inner == "..") continue;
    if (unlinkat(descriptor, entry->d_name, 0) != 0) RemoveFolder(descriptor, entry->d_name);
  }
  if (stream != nullptr) closedir(stream);
  unlinkat(parent, name, AT_REMOVEDIR);
}

}  // namespace

void Journal::Throw(const std::string& place, const char* what) {
  const int reason = errno;
  throw cli::Error(reason == ENOSPC ? Code::kNoSpace : Code::kIo, folder_.path() + "/" + place,
                   std::string(what) + ": " + std::strerror(reason));
}

Journal::Journal(HostFolder* folder, Open how) : folder_(*folder) {
  const int root = folder_.descriptor();
  if (how == Open::kCreate && mkdirat(root, kPrivateFolder, 0700) != 0 && errno != EEXIST) {
    Throw(kPrivateFolder, "cannot be created");
  }
  private_ = Descriptor(openat(root, kPrivateFolder, kFolderFlags));
  if (!private_.ok()) {
    if (how == Open::kIfThere && errno == ENOENT) return;
    Throw(kPrivateFolder, "is no folder of ours");
  }
  lock_ =
      Descriptor(openat(private_.get(), "lock", O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600));
  if (!lock_.ok() || flock(lock_.get(), LOCK_EX) != 0) Throw(kPrivateFolder, "cannot be locked");
}

void Journal::Forget(const char* name) {
  // Renamed first, so that a kill in the middle leaves no half of it under its name.
  RemoveFolder(private_.get(), "trash");
  if (renameat(private_.get(), name, private_.get(), "trash") == 0) {
    RemoveFolder(private_.get(), "trash");
  }
}

void Journal::Begin() {
  Forget("next");
  for (const char* name : {"next", "next/new", "next/old"}) {
    if (mkdirat(private_.get(), name, 0700) != 0) Throw(kPrivateFolder, "cannot be written");
  }
}

void Journal::Add(const char* kind, size_t number, std::string_view bytes, uint32_t mode) {
  const std::string name = std::string("next/") + kind + "/" + std::to_string(number);
  const Descriptor file(openat(private_.get(), name.c_str(),
                               O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600));
  if (!file.ok() || !WriteAll(file.get(), bytes) || fchmod(file.get(), mode) != 0) {
    Throw(kPrivateFolder, "cannot be written");
  }
}

void Journal::Seal(const Manifest& manifest) {
  const Descriptor file(openat(private_.get(), "next/manifest",
                               O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600));
  // One flush for all of it: one for each file would take seconds.
  const bool ok =
      file.ok() && WriteAll(file.get(), WriteManifest(manifest)) && syncfs(private_.get()) == 0;
  if (!ok || renameat(private_.get(), "next", private_.get(), "commit") != 0 ||
      fsync(private_.get()) != 0) {
    Throw(kPrivateFolder, "cannot be written");
  }
}

bool Journal::ReadManifestOf(const char* name, Manifest* manifest) {
  const std::string path = std::string(name) + "/manifest";
  const Descriptor file(openat(private_.get(), path.c_str(), O_RDONLY | O_NOFOLLOW | O_CLOEXEC));
  if (!file.ok()) {
    if (errno == ENOENT) return false;
    Throw(kPrivateFolder, "cannot be read");
  }
  if (ReadManifest(ReadAll(file.get()), manifest)) return true;
  throw cli::Error(Code::kCorrupt, folder_.path() + "/" + kPrivateFolder, "the journal is damaged");
}

bool Journal::ReadUndo(Manifest* manifest) { return ReadManifestOf("undo", manifest); }

std::string Journal::ReadUndoFile(size_t number) {
  const std::string path = "undo/old/" + std::to_string(number);
  const Descriptor file(openat(private_.get(), path.c_str(), O_RDONLY | O_NOFOLLOW | O_CLOEXEC));
  if (!file.ok()) Throw(kPrivateFolder, "cannot be read");
  return ReadAll(file.get());
}

void Journal::ApplyRemovals(const Manifest& manifest) {
  // What is deeper comes later in the order of paths.
  for (size_t i = manifest.operations.size(); i-- > 0;) {
    const Operation& operation = manifest.operations[i];
    const bool stays = operation.before == operation.after;
    if (operation.before == NodeKind::kNone || stays) continue;
    const Descriptor parent =
        folder_.Open(std::string(ParentOf(operation.path)), O_RDONLY | O_DIRECTORY);
    if (!parent.ok()) continue;  // gone already
    const std::string name(NameOf(operation.path));
    const bool folder = operation.before == NodeKind::kFolder;
    if (unlinkat(parent.get(), name.c_str(), folder ? AT_REMOVEDIR : 0) == 0) continue;
    // Done before; replaced already; or somebody has put something into the folder, which stays.
    if (errno == ENOENT || errno == EISDIR || errno == ENOTDIR || errno == ENOTEMPTY ||
        errno == EEXIST || errno == EPERM) {
      continue;
    }
    Throw(operation.path, "cannot be removed");
  }
}

void Journal::PutFile(const Operation& operation, size_t number, int staged) {
  const std::string source = "new/" + std::to_string(number);
  struct stat status = {};
  if (fstatat(staged, source.c_str(), &status, AT_SYMLINK_NOFOLLOW) != 0) return;  // there already
  const Descriptor parent =
      folder_.Open(std::string(ParentOf(operation.path)), O_RDONLY | O_DIRECTORY);
  const std::string name(NameOf(operation.path));
  // A rename replaces whatever has the name and follows nothing.
  if (!parent.ok() || renameat(staged, source.c_str(), parent.get(), name.c_str()) != 0) {
    Throw(operation.path, "cannot be put in place");
  }
}

void Journal::ApplyCreations(const Manifest& manifest, int staged) {
  for (size_t i = 0; i < manifest.operations.size(); ++i) {
    const Operation& operation = manifest.operations[i];
    if (operation.after == NodeKind::kFile) PutFile(operation, i, staged);
    if (operation.after != NodeKind::kFolder || operation.before == NodeKind::kFolder) continue;
    const Descriptor parent =
        folder_.Open(std::string(ParentOf(operation.path)), O_RDONLY | O_DIRECTORY);
    const std::string name(NameOf(operation.path));
    const bool made = parent.ok() && mkdirat(parent.get(), name.c_str(), 0755) == 0;
    if (!made && errno != EEXIST) Throw(operation.path, "cannot be created");
    // Whatever the process's umask says.
    if (made) fchmodat(parent.get(), name.c_str(), 0755, 0);
  }
}

void Journal::Apply() {
  Manifest manifest;
  if (!ReadManifestOf("commit", &manifest)) return;
  const Descriptor staged(openat(private_.get(), "commit", kFolderFlags));
  if (!staged.ok()) Throw(kPrivateFolder, "cannot be read");
  ApplyRemovals(manifest);
  ApplyCreations(manifest, staged.get());
  // On disk before the journal says so.
  if (syncfs(private_.get()) != 0) Throw(kPrivateFolder, "cannot be written");
  Forget("undo");
  if (manifest.is_undo) {
    Forget("commit");
  } else if (renameat(private_.get(), "commit", private_.get(), "undo") != 0) {
    Throw(kPrivateFolder, "cannot be written");
  }
  fsync(private_.get());
}

void Journal::Recover() {
  Apply();
  Forget("next");
  RemoveFolder(private_.get(), "trash");
}

}  // namespace quanta::lite::program
