// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "tiss_lite/vfs/vfs.h"

namespace quanta::lite {

/// Files and folders by resolved path; null: a folder. The folders of each path are in it too.
using FileTree = std::map<std::string, Bytes, std::less<>>;

/// A call of a program of the host.
struct ProgramRequest {
  std::string name;
  std::vector<std::string> args;
  std::string_view input;  ///< its standard input
  FileTree files;          ///< what it sees, and may change, in its working folder
  double seconds = 0;      ///< how long it may take
  FsLimits limits;         ///< of what it leaves behind; file_bytes bounds each output too
};

struct ProgramResult {
  enum class End : uint8_t {
    kExited,    ///< `exit_code`, and `files` as it left them
    kNotFound,  ///< the host has no such program
    kRefused,   ///< it was not run: `why`
    kTimedOut,  ///< stopped; `files` is empty
    kKilled,    ///< it passed another limit: `why`; `files` is empty
  };
  End end = End::kRefused;
  std::string why;
  std::string out, err;  ///< up to one byte more than file_bytes
  int exit_code = 0;
  double seconds = 0;
  FileTree files;
  std::vector<std::string> left_out;  ///< links, devices, and names that no path can have
};

/// Runs programs of the host in a sandbox of its operating system: no network, no other
/// processes, nothing of the host's files but the programs themselves.
class HostPrograms {
 public:
  virtual ~HostPrograms() = default;
  virtual ProgramResult Run(const ProgramRequest& request) = 0;
};

}  // namespace quanta::lite
