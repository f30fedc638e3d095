// SPDX-License-Identifier: MIT
#include "tiss_lite/shell/program_call.h"

#include <utility>
#include <vector>

#include "tiss_lite/base/chars.h"
#include "tiss_lite/vfs/path.h"

namespace quanta::lite {
namespace {

constexpr int kTimedOut = 124, kNotPermitted = 126, kNotFound = 127, kKilled = 137;

bool Same(const Bytes& a, const Bytes& b) { return a == b || (a && b && *a == *b); }

/// Puts what differs between `before` and `after` into the files: what is gone, from the inside
/// out, then what is new. The faults are those of `files`.
void TakeOver(const FileTree& before, const FileTree& after, FileAccess* files) {
  for (auto old = before.rbegin(); old != before.rend(); ++old) {
    const auto now = after.find(old->first);
    const bool stays = now != after.end() && !now->second == !old->second;
    if (!stays && files->Remove(old->first) == FsError::kFault) return;
  }
  for (const auto& [path, bytes] : after) {
    const auto old = before.find(path);
    if (old != before.end() && Same(old->second, bytes)) continue;
    const FsError error =
        bytes == nullptr ? files->MakeFolders(path) : files->WriteWithFolders(path, *bytes);
    if (error == FsError::kFault) return;
  }
}

}  // namespace

int CallHostProgram(const ShellContext& context, double seconds, ToolCall* call) {
  if (context.programs == nullptr) {
    return call->Fail("programs of the host cannot be run here", kNotPermitted);
  }
  ProgramRequest request;
  request.name = call->name;
  request.args = call->args;
  request.input = call->input;
  request.seconds = seconds;
  request.limits = context.limits->files;
  if (const char* why = call->files.View(&request.files)) return call->Fail(why, kNotPermitted);
  if (call->files.fault()) return 1;

  using End = ProgramResult::End;
  const ProgramResult result = context.programs->Run(request);
  call->seconds = result.seconds;
  call->Out(result.out);
  call->Err(result.err);
  switch (result.end) {
    case End::kNotFound:
      call->Err(Concat("tsh: ", call->name, ": command not found\n"));
      return kNotFound;
    case End::kRefused:
      return call->Fail(result.why, kNotPermitted);
    case End::kTimedOut:
      // Seen by the shell, which stops the line.
      call->seconds = std::max(call->seconds, seconds * 1.001);
      return kTimedOut;
    case End::kKilled:
      return call->Fail(Concat(result.why, "; its changes were dropped"), kKilled);
    case End::kExited:
      break;
  }
  for (const std::string& path : result.left_out) {
    call->Err(Concat(call->name, ": ", path, ": neither a file nor a folder: left out\n"));
  }
  call->files.Attempt([&] { TakeOver(request.files, result.files, &call->files); });
  return result.exit_code;
}

}  // namespace quanta::lite
