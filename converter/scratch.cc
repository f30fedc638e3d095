// SPDX-License-Identifier: MIT
#include "converter/scratch.h"

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <system_error>

#include "converter/error.h"

namespace quanta::converter {
namespace {

[[noreturn]] void ThrowSystem(const std::string& path, const char* what, int reason) {
  const Code code = reason == ENOENT                       ? Code::kNotFound
                    : reason == ENOSPC || reason == EDQUOT ? Code::kNoSpace
                                                           : Code::kIo;
  throw Error(code, path, std::string(what) + ": " + std::strerror(reason));
}

}  // namespace

ScratchFolder::ScratchFolder(const std::string& target) : target_(target) {
  const std::filesystem::path path(target);
  std::string name = (path.parent_path() / ("." + path.filename().string() + ".XXXXXX")).string();
  if (mkdtemp(name.data()) == nullptr) ThrowSystem(target, "cannot write beside it", errno);
  path_ = name;
}

ScratchFolder::~ScratchFolder() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

void ScratchFolder::MoveToTarget(const std::string& file) const {
  std::error_code error;
  std::filesystem::rename(file, target_, error);
  if (error) ThrowSystem(target_, "cannot be replaced", error.value());
}

}  // namespace quanta::converter
