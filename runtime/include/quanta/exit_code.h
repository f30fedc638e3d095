// SPDX-License-Identifier: MIT
#pragma once

#include "quanta/status.h"

namespace quanta {

/// What a program that ends with `code` returns to its caller, the same for every
/// program of the project.
constexpr int ExitCode(Code code) {
  switch (code) {
    case Code::kOk:
      return 0;
    case Code::kInvalidArgument:
      return 2;  // the command is wrong
    case Code::kCorrupt:
    case Code::kUnsupported:
    case Code::kUnverified:
      return 3;  // the file is wrong
    case Code::kOutOfMemory:
      return 4;
    case Code::kCancelled:
      return 130;  // as a shell reports SIGINT
    case Code::kDenied:
    case Code::kLimit:
    case Code::kInternal:
    case Code::kNotFound:
    case Code::kIo:
    case Code::kNoSpace:
      return 1;
  }
  return 1;
}

}  // namespace quanta
