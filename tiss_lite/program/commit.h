// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <vector>

#include "tiss_lite/program/host_folder.h"
#include "tiss_lite/vfs/vfs.h"

/// Applies what a run changed to the folder that it ran over, all or nothing.
///
/// Everything new is written into FOLDER/.tiss-lite/next first, with copies of what it
/// replaces and a manifest. Renaming that folder to "commit" is the moment of the commit: what
/// was killed before is undone by forgetting "next", what was killed later is finished from
/// the manifest, by whatever command comes next. Done, "commit" becomes "undo".
namespace quanta::lite::program {

/// Throws cli::Error: a conflict (kDenied: the folder has changed under the run, or something
/// other than a file stands in the way; nothing is changed), no space, or an I/O error.
void Commit(HostFolder* folder, const std::vector<Vfs::Change>& changes);

/// Takes the last commit back: the paths, in order. Throws cli::Error: kNotFound if there is
/// none, kDenied if what it wrote has been changed since.
std::vector<std::string> Undo(HostFolder* folder);

/// Finishes or forgets what a killed commit left behind. Throws cli::Error.
void Recover(HostFolder* folder);

}  // namespace quanta::lite::program
