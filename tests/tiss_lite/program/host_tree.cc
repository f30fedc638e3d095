// SPDX-License-Identifier: MIT
#include "tests/tiss_lite/program/host_tree.h"

#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <iterator>

#include "tiss_lite/program/host_folder.h"

namespace quanta::lite::program {
namespace {

namespace fs = std::filesystem;

std::string ReadFile(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

}  // namespace

std::map<std::string, std::string> ContentsOf(const std::string& root) {
  std::map<std::string, std::string> tree;
  for (auto at = fs::recursive_directory_iterator(root); at != fs::recursive_directory_iterator();
       ++at) {
    const std::string path = fs::relative(at->path().parent_path(), root) / at->path().filename();
    const std::string name = path.starts_with("./") ? path.substr(2) : path;
    if (name == kPrivateFolder) {
      at.disable_recursion_pending();
    } else if (at->is_symlink()) {
      tree[name] = "-> " + fs::read_symlink(at->path()).string();
    } else if (at->is_directory()) {
      tree[name + "/"] = "";
    } else if (at->is_regular_file()) {
      tree[name] = ReadFile(at->path());
    }
  }
  return tree;
}

std::string StampOf(const std::string& root) {
  std::map<std::string, std::string> stamps;
  for (const auto& entry : fs::recursive_directory_iterator(root)) {
    struct stat status = {};
    if (lstat(entry.path().c_str(), &status) != 0) continue;
    std::string& stamp = stamps[entry.path().string()];
    for (const auto number :
         {static_cast<long long>(status.st_mode), static_cast<long long>(status.st_uid),
          static_cast<long long>(status.st_ino), static_cast<long long>(status.st_size),
          static_cast<long long>(status.st_mtim.tv_sec),
          static_cast<long long>(status.st_mtim.tv_nsec)}) {
      stamp += std::to_string(number) + " ";
    }
    if (S_ISLNK(status.st_mode)) stamp += fs::read_symlink(entry.path()).string();
    if (S_ISREG(status.st_mode)) stamp += ReadFile(entry.path());
  }
  std::string all;
  for (const auto& [path, stamp] : stamps) all += path + ": " + stamp + "\n";
  return all;
}

}  // namespace quanta::lite::program
