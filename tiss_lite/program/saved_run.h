// SPDX-License-Identifier: MIT
#pragma once

#include <string>

#include "tiss_lite/program/host_folder.h"

/// A suspended run as `--save` keeps it: the engine's token, and what the run has seen of the
/// folder under it, so that `resume --commit` can tell whether that has changed.
namespace quanta::lite::program {

/// `folder` may be null. Throws cli::Error.
void SaveRun(const std::string& path, const std::string& token, const HostFolder* folder);

struct SavedRun {
  std::string token;
  bool has_folder = false;
};

/// Reads it back, or a bare token, which has no folder. What was seen goes to `folder` unless
/// that is null. Throws cli::Error.
SavedRun LoadRun(const std::string& path, HostFolder* folder);

}  // namespace quanta::lite::program
