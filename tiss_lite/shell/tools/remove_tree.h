// SPDX-License-Identifier: MIT
#pragma once

#include <string>

#include "tiss_lite/shell/tool.h"

namespace quanta::lite::tools {

/// Removes a file; a folder is kIsFolder.
FsError RemoveFile(ToolCall& call, const std::string& path);
/// Removes a file, or a folder with all that is in it. The root is a fault.
FsError RemoveTree(ToolCall& call, const std::string& path);

}  // namespace quanta::lite::tools
