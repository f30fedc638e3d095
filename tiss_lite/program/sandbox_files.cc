// SPDX-License-Identifier: MIT
#include "tiss_lite/program/sandbox_files.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <cstring>
#include <vector>

#include "tiss_lite/program/descriptor.h"
#include "tiss_lite/vfs/path.h"

namespace quanta::lite::program {
namespace {

class TreeReader {
 public:
  TreeReader(const FsLimits& limits, ProgramResult* result) : limits_(limits), result_(*result) {}

  bool Folder(Descriptor folder, const std::string& path) {
    DIR* const stream = folder.ok() ? fdopendir(folder.get()) : nullptr;
    if (stream == nullptr) return true;  // gone meanwhile, or closed to us
    const int number = folder.Release();
    bool fits = true;
    while (const dirent* entry = fits ? readdir(stream) : nullptr) {
      const std::string name = entry->d_name;
      if (name != "." && name != "..") fits = Node(number, name, JoinPath(path, name));
    }
    closedir(stream);
    return fits;
  }

 private:
  /// One of several times as many as may stay, so that the walk ends.
  bool Count() { return ++seen_ <= 8 * limits_.files; }

  bool Node(int folder, const std::string& name, const std::string& path) {
    if (!Count()) return false;
    std::string resolved;
    Descriptor node(
        openat(folder, name.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC));
    struct stat status = {};
    const bool known = node.ok() && fstat(node.get(), &status) == 0;
    const bool plain = known && (S_ISREG(status.st_mode) || S_ISDIR(status.st_mode));
    if (!plain || ResolvePath(path, &resolved) != nullptr || resolved != path) {
      result_.left_out.push_back(path);
      return true;
    }
    if (S_ISDIR(status.st_mode)) {
      result_.files.emplace(path, nullptr);
      return Folder(std::move(node), path);
    }
    std::string bytes;
    if (!File(node.get(), &bytes)) return false;
    result_.files.emplace(path, MakeBytes(std::move(bytes)));
    return true;
  }

  bool File(int file, std::string* bytes) {
    char buffer[65536];
    for (;;) {
      const ssize_t count = read(file, buffer, sizeof buffer);
      if (count < 0 && errno == EINTR) continue;
      if (count <= 0) return count == 0;
      bytes->append(buffer, static_cast<size_t>(count));
      if (bytes->size() > limits_.file_bytes) return false;
    }
  }

  const FsLimits& limits_;
  ProgramResult& result_;
  size_t seen_ = 0;
};

void PackNumber(uint64_t number, std::string* out) {
  out->append(reinterpret_cast<const char*>(&number), sizeof number);
}
void PackText(std::string_view text, std::string* out) {
  PackNumber(text.size(), out);
  out->append(text);
}

class Unpacker {
 public:
  explicit Unpacker(std::string_view bytes) : rest_(bytes) {}
  bool Number(uint64_t* number) {
    if (rest_.size() < sizeof *number) return false;
    std::memcpy(number, rest_.data(), sizeof *number);
    rest_.remove_prefix(sizeof *number);
    return true;
  }
  bool Text(std::string* text) {
    uint64_t size = 0;
    if (!Number(&size) || size > rest_.size()) return false;
    text->assign(rest_.substr(0, size));
    rest_.remove_prefix(size);
    return true;
  }
  bool empty() const { return rest_.empty(); }

 private:
  std::string_view rest_;
};

}  // namespace

bool WriteTree(const FileTree& tree, const std::string& root) {
  for (const auto& [path, bytes] : tree) {
    const std::string at = root + "/" + path;
    if (bytes == nullptr) {
      if (mkdir(at.c_str(), 0755) != 0 && errno != EEXIST) return false;
      continue;
    }
    const Descriptor file(open(at.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644));
    if (!file.ok() || !WriteAll(file.get(), *bytes)) return false;
  }
  return true;
}

bool ReadTree(const std::string& root, const FsLimits& limits, ProgramResult* result) {
  Descriptor folder(open(root.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  const bool fits = TreeReader(limits, result).Folder(std::move(folder), "");
  std::sort(result->left_out.begin(), result->left_out.end());
  return fits;
}

std::string PackResult(const ProgramResult& result) {
  std::string out;
  PackNumber(static_cast<uint64_t>(result.end), &out);
  PackNumber(static_cast<uint64_t>(result.exit_code), &out);
  uint64_t seconds = 0;
  std::memcpy(&seconds, &result.seconds, sizeof seconds);
  PackNumber(seconds, &out);
  for (const std::string* text : {&result.why, &result.out, &result.err}) PackText(*text, &out);
  PackNumber(result.left_out.size(), &out);
  for (const std::string& path : result.left_out) PackText(path, &out);
  PackNumber(result.files.size(), &out);
  for (const auto& [path, bytes] : result.files) {
    PackText(path, &out);
    PackNumber(bytes == nullptr ? 0 : 1, &out);
    if (bytes != nullptr) PackText(*bytes, &out);
  }
  return out;
}

bool UnpackResult(std::string_view bytes, ProgramResult* result) {
  Unpacker in(bytes);
  uint64_t end = 0, code = 0, seconds = 0, count = 0;
  if (!in.Number(&end) || !in.Number(&code) || !in.Number(&seconds) || !in.Text(&result->why) ||
      !in.Text(&result->out) || !in.Text(&result->err) || !in.Number(&count)) {
    return false;
  }
  result->end = static_cast<ProgramResult::End>(end);
  result->exit_code = static_cast<int>(code);
  std::memcpy(&result->seconds, &seconds, sizeof seconds);
  for (std::string path; count > 0; --count) {
    if (!in.Text(&path)) return false;
    result->left_out.push_back(path);
  }
  if (!in.Number(&count)) return false;
  for (std::string path, contents; count > 0; --count) {
    uint64_t file = 0;
    if (!in.Text(&path) || !in.Number(&file) || (file != 0 && !in.Text(&contents))) return false;
    result->files.emplace(path, file == 0 ? nullptr : MakeBytes(std::move(contents)));
  }
  return in.empty();
}

}  // namespace quanta::lite::program
