// SPDX-License-Identifier: MIT
#include "tiss_lite/vfs/path.h"

#include <algorithm>
#include <array>

#include "tiss_lite/base/chars.h"
#include "tiss_lite/base/utf8.h"

namespace quanta::lite {
namespace {

const char* CheckCharacters(std::string_view path) {
  if (!IsUtf8(path)) return "it is not UTF-8";
  for (size_t i = 0; i < path.size(); ++i) {
    const auto c = static_cast<unsigned char>(path[i]);
    const auto next = static_cast<unsigned char>(i + 1 < path.size() ? path[i + 1] : 'x');
    // U+0080 to U+009F are control characters too.
    const bool control = c < 0x20 || c == 0x7F || (c == 0xC2 && next < 0xA0);
    if (control) return "it has a control character";
    if (c == '\\') return "it has a backslash";
  }
  return nullptr;
}

const char* CheckStart(std::string_view path) {
  if (path.empty()) return "it is empty";
  if (path[0] == '/') return "it is absolute";
  if (path[0] == '~') return "it begins with ~";
  const bool letter = IsUpper(path[0]) || IsLower(path[0]);
  if (path.size() >= 2 && letter && path[1] == ':') return "it begins with a drive letter";
  return nullptr;
}

}  // namespace

const char* ResolvePath(std::string_view path, std::string* out) {
  if (path.size() > kMaxPathBytes) return "it is longer than 1024 bytes";
  if (const char* why = CheckStart(path)) return why;
  if (const char* why = CheckCharacters(path)) return why;
  std::array<std::string_view, kMaxPathParts> parts;
  size_t depth = 0;
  while (!path.empty()) {
    const size_t slash = std::min(path.find('/'), path.size());
    const std::string_view part = path.substr(0, slash);
    path.remove_prefix(std::min(slash + 1, path.size()));
    if (part.empty() || part == ".") continue;
    if (part == "..") {
      if (depth == 0) return "it leads above the root";
      --depth;
      continue;
    }
    if (part.size() > kMaxPathPartBytes) return "a part of it is longer than 255 bytes";
    if (depth == kMaxPathParts) return "it has more than 32 parts";
    parts[depth++] = part;
  }
  std::string resolved;
  for (size_t i = 0; i < depth; ++i) {
    if (i > 0) resolved += '/';
    resolved += parts[i];
  }
  *out = std::move(resolved);
  return nullptr;
}

bool IsWithin(std::string_view path, std::string_view folder) {
  if (folder.empty() || path == folder) return true;
  return path.size() > folder.size() && path.starts_with(folder) && path[folder.size()] == '/';
}

std::string_view ParentOf(std::string_view path) {
  const size_t slash = path.rfind('/');
  return slash == path.npos ? std::string_view() : path.substr(0, slash);
}

std::string_view NameOf(std::string_view path) {
  const size_t slash = path.rfind('/');
  return slash == path.npos ? path : path.substr(slash + 1);
}

std::string JoinPath(std::string_view folder, std::string_view name) {
  return folder.empty() ? std::string(name) : Concat(folder, "/", name);
}

}  // namespace quanta::lite
