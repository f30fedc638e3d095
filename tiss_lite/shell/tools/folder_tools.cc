// SPDX-License-Identifier: MIT
//
// Tools about folders: ls mkdir rmdir rm.
#include "tiss_lite/base/chars.h"
#include "tiss_lite/shell/tools/remove_tree.h"
#include "tiss_lite/shell/tools/tools.h"
#include "tiss_lite/vfs/path.h"

namespace quanta::lite::tools {
namespace {

constexpr int kLsTrouble = 2;

void PrintNames(ToolCall& call, const std::vector<std::string>& names, bool all) {
  for (const std::string& name : names) {
    if (all || name[0] != '.') call.Line(name);
  }
}

int Ls(ToolCall& call) {
  Options options;
  if (!ParseOptions(call, "la1", "", &options)) return kLsTrouble;
  if (options.operands.empty()) options.operands.emplace_back(".");
  int code = 0;
  bool first = true;
  std::vector<std::string> folders;
  for (const std::string& path : options.operands) {
    NodeKind kind = NodeKind::kNone;
    if (call.files.Look(path, &kind) != FsError::kNone) return kLsTrouble;
    if (kind == NodeKind::kFolder) folders.push_back(path);
    if (kind == NodeKind::kFile) {
      call.Line(path);
      first = false;
    }
    if (kind == NodeKind::kNone) {
      code = call.Fail(Concat("cannot access '", path, "'"), FsError::kNotFound, kLsTrouble);
    }
  }
  for (const std::string& path : folders) {
    if (options.operands.size() > 1) call.Line(Concat(first ? "" : "\n", path, ":"));
    first = false;
    std::vector<std::string> names;
    const FsError error = call.files.List(path, &names);
    if (error != FsError::kNone) code = call.Fail(path, error, kLsTrouble);
    PrintNames(call, names, options.Has('a'));
  }
  return code;
}

int Mkdir(ToolCall& call) {
  Options options;
  if (!ParseOptions(call, "p", "", &options)) return 1;
  if (options.operands.empty()) return call.Fail("missing operand");
  int code = 0;
  for (const std::string& path : options.operands) {
    const FsError error =
        options.Has('p') ? call.files.MakeFolders(path) : call.files.MakeFolder(path);
    if (error != FsError::kNone) {
      code = call.Fail(Concat("cannot create directory '", path, "'"), error);
    }
  }
  return code;
}

int Rmdir(ToolCall& call) {
  if (call.args.empty()) return call.Fail("missing operand");
  int code = 0;
  for (const std::string& path : call.args) {
    NodeKind kind = NodeKind::kFolder;
    FsError error = call.files.Look(path, &kind);
    if (error == FsError::kNone && kind == NodeKind::kFile) error = FsError::kNotFolder;
    if (error == FsError::kNone) error = call.files.Remove(path);
    if (error != FsError::kNone) code = call.Fail(Concat("failed to remove '", path, "'"), error);
  }
  return code;
}

int Rm(ToolCall& call) {
  Options options;
  if (!ParseOptions(call, "rRf", "", &options)) return 1;
  const bool recursive = options.Has('r') || options.Has('R'), force = options.Has('f');
  if (options.operands.empty()) return force ? 0 : call.Fail("missing operand");
  int code = 0;
  for (const std::string& path : options.operands) {
    const FsError error = recursive ? RemoveTree(call, path) : RemoveFile(call, path);
    if (error == FsError::kNone || (force && error == FsError::kNotFound)) continue;
    code = call.Fail(Concat("cannot remove '", path, "'"), error);
  }
  return code;
}

}  // namespace

FsError RemoveFile(ToolCall& call, const std::string& path) {
  NodeKind kind = NodeKind::kNone;
  if (const FsError error = call.files.Look(path, &kind); error != FsError::kNone) return error;
  return kind == NodeKind::kFolder ? FsError::kIsFolder : call.files.Remove(path);
}

FsError RemoveTree(ToolCall& call, const std::string& path) {
  // Depth is bounded by that of paths.
  std::string at;
  if (const FsError error = call.files.Resolve(path, &at); error != FsError::kNone) return error;
  if (at.empty()) return call.files.Remove(path);  // the root: refused before anything is gone
  NodeKind kind = NodeKind::kNone;
  if (const FsError error = call.files.Look(path, &kind); error != FsError::kNone) return error;
  if (kind == NodeKind::kFolder) {
    std::vector<std::string> names;
    if (const FsError error = call.files.List(at, &names); error != FsError::kNone) return error;
    for (const std::string& name : names) {
      const FsError error = RemoveTree(call, JoinPath(at, name));
      if (error != FsError::kNone) return error;
    }
  }
  return call.files.Remove(path);
}

void AddFolderTools(ToolRegistry* registry) {
  Add(registry, "ls", "list names [-a -l -1]", {"fs.read"}, Ls);
  Add(registry, "mkdir", "create folders [-p]", {"fs.write"}, Mkdir);
  Add(registry, "rmdir", "remove empty folders", {"fs.read", "fs.write"}, Rmdir);
  Add(registry, "rm", "remove files [-r -f]", {"fs.read", "fs.write"}, Rm);
}

}  // namespace quanta::lite::tools
