// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "tiss_lite/base/value.h"
#include "tiss_lite/program/descriptor.h"
#include "tiss_lite/vfs/lower_folder.h"

namespace quanta::lite::program {

/// Where commits keep their journal, inside the folder; a run does not see it.
constexpr char kPrivateFolder[] = ".tiss-lite";

/// A 64-bit hash (FNV-1a) that tells whether a file is still what it was.
uint64_t HashOf(std::string_view bytes);

/// A folder of the host, held open: what its path becomes later does not matter. Nothing is
/// reached through a symbolic link, at whatever moment one appears; links, devices, sockets
/// and fifos are not there at all.
class HostFolder : public LowerFolder {
 public:
  /// How paths are resolved below the folder. kAuto: by the kernel where it can (openat2).
  enum class Resolution : uint8_t { kAuto, kStepByStep };

  /// Throws cli::Error if `path` is no folder that can be opened.
  explicit HostFolder(const std::string& path, Resolution resolution = Resolution::kAuto);

  NodeKind Look(const std::string& path) override;
  ReadResult Read(const std::string& path, size_t max, std::string* bytes) override;
  bool List(const std::string& path, std::vector<std::string>* names) override;

  int descriptor() const { return root_.get(); }
  const std::string& path() const { return path_; }

  /// Opens something below the folder, `path` resolved, "" the folder itself. No link is
  /// followed. Not ok, with errno set, if it cannot be.
  Descriptor Open(const std::string& path, int flags) const;

  /// What a run has looked at, and what is no longer so: one line for each, "a.txt: was changed".
  std::vector<std::string> ChangedSince();
  /// From now on, what was looked at before does not matter.
  void ForgetSeen() { seen_.clear(); }
  /// What a run has looked at, for another process to go on with.
  Value SeenAsJson() const;
  /// Takes it over, before the run looks at anything. False if it is damaged.
  bool TakeSeen(const Value& json);

 private:
  struct Seen {
    bool looked = false, read = false, listed = false;
    NodeKind kind = NodeKind::kNone;
    uint64_t hash = 0, names = 0;
  };
  NodeKind LookNow(const std::string& path) const;
  ReadResult ReadNow(const std::string& path, size_t max, std::string* bytes) const;
  bool ListNow(const std::string& path, std::vector<std::string>* names) const;
  Descriptor OpenStepByStep(const std::string& path, int flags) const;

  std::string path_;
  Descriptor root_;
  Resolution resolution_;
  size_t max_read_ = 0;
  std::map<std::string, Seen> seen_;
};

}  // namespace quanta::lite::program
