// SPDX-License-Identifier: MIT
//
// Tools that copy and move: cp mv touch.
#include "tiss_lite/base/chars.h"
#include "tiss_lite/shell/tools/remove_tree.h"
#include "tiss_lite/shell/tools/tools.h"
#include "tiss_lite/vfs/path.h"

namespace quanta::lite::tools {
namespace {

FsError CopyTree(ToolCall& call, const std::string& from, const std::string& to) {
  NodeKind kind = NodeKind::kNone;
  if (const FsError error = call.files.Look(from, &kind); error != FsError::kNone) return error;
  if (kind == NodeKind::kNone) return FsError::kNotFound;
  if (kind == NodeKind::kFile) {
    Bytes bytes;
    if (const FsError error = call.files.Read(from, &bytes); error != FsError::kNone) return error;
    return call.files.Write(to, *bytes);
  }
  NodeKind there = NodeKind::kNone;
  if (const FsError error = call.files.Look(to, &there); error != FsError::kNone) return error;
  if (there != NodeKind::kFolder) {
    if (const FsError error = call.files.MakeFolder(to); error != FsError::kNone) return error;
  }
  std::vector<std::string> names;
  if (const FsError error = call.files.List(from, &names); error != FsError::kNone) return error;
  for (const std::string& name : names) {
    const FsError error = CopyTree(call, Concat(from, "/", name), Concat(to, "/", name));
    if (error != FsError::kNone) return error;
  }
  return FsError::kNone;
}

/// Where `from` goes: into `to` if that is a folder. False: the run is over, or the move makes
/// no sense, with a message.
bool Destination(ToolCall& call, const std::string& from, const std::string& to,
                 bool must_be_folder, std::string* destination) {
  NodeKind kind = NodeKind::kNone;
  if (call.files.Look(to, &kind) != FsError::kNone) return false;
  if (must_be_folder && kind != NodeKind::kFolder) {
    call.Fail(to, kind == NodeKind::kNone ? FsError::kNotFound : FsError::kNotFolder);
    return false;
  }
  std::string source, target;
  if (call.files.Resolve(from, &source) != FsError::kNone) return false;
  *destination = to;
  if (kind == NodeKind::kFolder) {
    if (source.empty()) {
      call.Fail("the root cannot be copied into itself");
      return false;
    }
    *destination = Concat(to, "/", NameOf(source));
  }
  if (call.files.Resolve(*destination, &target) != FsError::kNone) return false;
  if (source == target) {
    call.Fail(Concat("'", from, "' and '", *destination, "' are the same file"));
    return false;
  }
  if (IsWithin(target, source)) {
    NodeKind own = NodeKind::kNone;
    if (call.files.Look(from, &own) != FsError::kNone) return false;
    if (own != NodeKind::kFolder) return true;
    call.Fail(Concat("'", from, "' cannot go into itself"));
    return false;
  }
  return true;
}

/// Calls `act(from, destination)` for every source; that returns the exit code.
template <class Act>
int ForEachSource(ToolCall& call, const Options& options, Act act) {
  if (options.operands.size() < 2) return call.Fail("expected what and where to");
  int code = 0;
  for (size_t i = 0; i + 1 < options.operands.size(); ++i) {
    std::string to;
    const bool many = options.operands.size() > 2;
    if (!Destination(call, options.operands[i], options.operands.back(), many, &to)) {
      code = 1;
      continue;
    }
    code = std::max(code, act(options.operands[i], to));
  }
  return code;
}

int Cp(ToolCall& call) {
  Options options;
  if (!ParseOptions(call, "rR", "", &options)) return 1;
  const bool recursive = options.Has('r') || options.Has('R');
  return ForEachSource(call, options, [&](const std::string& from, const std::string& to) {
    NodeKind kind = NodeKind::kNone;
    if (call.files.Look(from, &kind) != FsError::kNone) return 1;
    if (kind == NodeKind::kFolder && !recursive) {
      return call.Fail(Concat("-r not specified; omitting directory '", from, "'"));
    }
    const FsError error = CopyTree(call, from, to);
    return error == FsError::kNone ? 0 : call.Fail(Concat("cannot copy '", from, "'"), error);
  });
}

int Mv(ToolCall& call) {
  Options options;
  if (!ParseOptions(call, "", "", &options)) return 1;
  return ForEachSource(call, options, [&](const std::string& from, const std::string& to) {
    std::string source;
    if (call.files.Resolve(from, &source) != FsError::kNone) return 1;
    if (source.empty()) {
      static_cast<void>(call.files.Remove(from));  // the root: a fault
      return 1;
    }
    NodeKind kind = NodeKind::kNone, there = NodeKind::kNone;
    if (call.files.Look(from, &kind) != FsError::kNone) return 1;
    if (call.files.Look(to, &there) != FsError::kNone) return 1;
    FsError error = FsError::kNone;
    if (there == NodeKind::kFolder) error = call.files.Remove(to);  // only an empty one goes
    if (error == FsError::kNone && kind == NodeKind::kFolder && there == NodeKind::kFile) {
      error = FsError::kNotFolder;
    }
    if (error == FsError::kNone) error = CopyTree(call, from, to);
    if (error == FsError::kNone) error = RemoveTree(call, from);
    return error == FsError::kNone ? 0 : call.Fail(Concat("cannot move '", from, "'"), error);
  });
}

int Touch(ToolCall& call) {
  if (call.args.empty()) return call.Fail("missing operand");
  int code = 0;
  for (const std::string& path : call.args) {
    FsError error = call.files.Append(path, "");
    if (error == FsError::kIsFolder && !path.ends_with('/')) error = FsError::kNone;
    if (error != FsError::kNone) code = call.Fail(Concat("cannot touch '", path, "'"), error);
  }
  return code;
}

}  // namespace

void AddFileTools(ToolRegistry* registry) {
  Add(registry, "cp", "copy files [-r]", {"fs.read", "fs.write"}, Cp);
  Add(registry, "mv", "move files", {"fs.read", "fs.write"}, Mv);
  Add(registry, "touch", "create empty files", {"fs.write"}, Touch);
}

}  // namespace quanta::lite::tools
