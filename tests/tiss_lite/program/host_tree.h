// SPDX-License-Identifier: MIT
#pragma once

#include <map>
#include <string>

namespace quanta::lite::program {

/// What is below a folder but for the journal of commits, by path: contents of files, "-> TARGET"
/// for links; folders end with "/".
std::map<std::string, std::string> ContentsOf(const std::string& root);

/// All that is below a folder, with kinds, modes, owners, inode numbers, sizes, times of change
/// and contents: two equal texts, and nothing was touched in between.
std::string StampOf(const std::string& root);

}  // namespace quanta::lite::program
