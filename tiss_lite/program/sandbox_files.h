// SPDX-License-Identifier: MIT
#pragma once

#include <string>

#include "tiss_lite/shell/host_programs.h"

namespace quanta::lite::program {

/// Writes `tree` into the existing folder `root`, which nobody else knows yet. False, with errno
/// set, if it does not fit.
bool WriteTree(const FileTree& tree, const std::string& root);

/// Reads what is below `root`, following no link, whoever may still write there: files and
/// folders into `result->files`, the rest into `result->left_out`. False if there is more than
/// `limits` allow.
bool ReadTree(const std::string& root, const FsLimits& limits, ProgramResult* result);

/// A result as bytes, and back, from one process to another of the same program.
std::string PackResult(const ProgramResult& result);
bool UnpackResult(std::string_view bytes, ProgramResult* result);

}  // namespace quanta::lite::program
