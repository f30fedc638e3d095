// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <string_view>

#include "tiss_lite/program/descriptor.h"
#include "tiss_lite/program/host_folder.h"
#include "tiss_lite/program/manifest.h"

namespace quanta::lite::program {

/// FOLDER/.tiss-lite, locked for as long as this lives: the steps of a commit, each of them
/// on disk before the next begins. Methods throw cli::Error.
class Journal {
 public:
  enum class Open : uint8_t { kCreate, kIfThere };
  Journal(HostFolder* folder, Open how);

  /// False: there is no such folder, and nothing to do in it.
  bool there() const { return private_.ok(); }

  /// Begins an empty "next".
  void Begin();
  void AddNew(size_t number, std::string_view bytes, uint32_t mode) {
    Add("new", number, bytes, mode);
  }
  void AddOld(size_t number, std::string_view bytes, uint32_t mode) {
    Add("old", number, bytes, mode);
  }
  /// The moment of the commit.
  void Seal(const Manifest& manifest);
  /// Does what the manifest in "commit" says, from wherever it had come to. Can be repeated.
  void Apply();
  /// Finishes "commit", forgets "next".
  void Recover();
  void Forget(const char* name);

  /// The manifest of the last commit; false if there is none.
  bool ReadUndo(Manifest* manifest);
  std::string ReadUndoFile(size_t number);

 private:
  void Add(const char* kind, size_t number, std::string_view bytes, uint32_t mode);
  bool ReadManifestOf(const char* name, Manifest* manifest);
  void ApplyRemovals(const Manifest& manifest);
  void ApplyCreations(const Manifest& manifest, int staged);
  void PutFile(const Operation& operation, size_t number, int staged);
  [[noreturn]] void Throw(const std::string& place, const char* what);

  HostFolder& folder_;
  Descriptor private_;
  Descriptor lock_;
};

}  // namespace quanta::lite::program
