// SPDX-License-Identifier: MIT
#pragma once

#include <string>

#include "tiss_lite/shell/host_programs.h"

namespace quanta::lite::program {

/// Runs programs of /usr/bin, /bin and /usr/local/bin inside bubblewrap. A program sees /usr read
/// only, an empty /tmp, and its working folder /work with the files of the request; it has no
/// network, sees no other process, holds no privilege, and knows no environment but PATH, HOME
/// and LANG. Bounds: time, memory of each process, processes, open files, sizes of files and
/// folders. All that it writes lies in memory that goes with it, whatever happens to this process.
class BubblewrapPrograms : public HostPrograms {
 public:
  /// `sandbox`: the program `bwrap`; empty: where PATH has it.
  explicit BubblewrapPrograms(std::string sandbox = "") : sandbox_(std::move(sandbox)) {}
  ProgramResult Run(const ProgramRequest& request) override;

 private:
  std::string sandbox_;
};

}  // namespace quanta::lite::program
