// SPDX-License-Identifier: MIT
#pragma once

#include <string>

#include "tiss_lite/policy/limits.h"
#include "tiss_lite/shell/host_programs.h"
#include "tiss_lite/shell/tool.h"
#include "tiss_lite/shell/words.h"

namespace quanta::lite {

/// What a RUN needs; all borrowed.
struct ShellContext {
  const ToolRegistry* tools;
  const Capabilities* capabilities;
  const Limits* limits;
  FileAccess* files;
  AuditSink* audit;        ///< may be null
  HostPrograms* programs;  ///< may be null: there are none
  uint32_t line;           ///< of the RUN
};

struct ShellResult {
  std::string out, err;  ///< as bytes
  int exit_code = 0;
  double seconds = 0;  ///< as the tools have told
  bool truncated = false;
};

/// Runs one line of the command language. Whatever must end the run is in context.files->fault()
/// afterwards.
ShellResult RunCommandLine(const CommandText& text, const ShellContext& context);

}  // namespace quanta::lite
