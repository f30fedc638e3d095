// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tiss_lite/policy/audit.h"
#include "tiss_lite/policy/capabilities.h"
#include "tiss_lite/shell/host_programs.h"
#include "tiss_lite/vfs/vfs.h"

namespace quanta::lite {

/// Why a run must not go on: an R-code of the specification and one sentence.
struct Fault {
  std::string_view code;
  std::string message;
};

/// Counts the work of tools, the same on every machine.
class Meter {
 public:
  explicit Meter(uint64_t* left) : left_(left) {}
  /// False once there is nothing left.
  bool Spend(uint64_t amount) {
    *left_ = *left_ > amount ? *left_ - amount : 0;
    return *left_ > 0;
  }

 private:
  uint64_t* left_;
};

/// The file system as a statement or a tool may use it: every path resolved, every access
/// checked against the capabilities and told to the audit log.
///
/// What is forbidden, and quotas, are faults: the method returns kFault and so does every later
/// one; the run ends with fault().
class FileAccess {
 public:
  /// Borrows everything; `audit` may be null.
  FileAccess(Vfs* vfs, const Capabilities* capabilities, AuditSink* audit, Meter meter,
             uint32_t line)
      : vfs_(vfs), capabilities_(capabilities), audit_(audit), meter_(meter), line_(line) {}

  FsError Look(std::string_view path, NodeKind* kind);
  FsError Read(std::string_view path, Bytes* bytes);
  FsError List(std::string_view path, std::vector<std::string>* names);
  FsError Write(std::string_view path, std::string bytes);
  /// Adds to the end of a file, or creates it. Needs no right to read it.
  FsError Append(std::string_view path, std::string_view bytes);
  FsError WriteWithFolders(std::string_view path, std::string bytes);
  FsError MakeFolder(std::string_view path);
  FsError MakeFolders(std::string_view path);
  FsError Remove(std::string_view path);

  /// The resolved form of a path, if it may be read and written at all.
  FsError Resolve(std::string_view path, std::string* resolved);

  /// All that may be read, for a program that works on a copy of it. One audit event for each
  /// folder granted. Returns null, or why it cannot be had.
  const char* View(FileTree* tree);
  /// Does `work`; if it ends in a fault, the files are as they were before.
  template <class Work>
  void Attempt(Work work) {
    const Vfs before = *vfs_;
    work();
    if (fault_) *vfs_ = before;
  }

  bool Spend(uint64_t work);
  const std::optional<Fault>& fault() const { return fault_; }
  FsError Fail(Fault fault);

 private:
  enum class Need : uint8_t { kRead, kWrite };
  FsError Open(std::string_view path, Need need, std::string* resolved);
  FsError Checked(FsError error, std::string_view path);
  void Record(std::string_view capability, std::string_view subject, const char* reason);
  const char* AddToView(const std::string& path, FileTree* tree);

  Vfs* vfs_;
  const Capabilities* capabilities_;
  AuditSink* audit_;
  Meter meter_;
  uint32_t line_;
  std::optional<Fault> fault_;
  size_t view_bytes_ = 0;
};

}  // namespace quanta::lite
