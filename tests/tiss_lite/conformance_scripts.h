// SPDX-License-Identifier: MIT
#pragma once

#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <system_error>

#include "tiss_lite/syntax/parser.h"

namespace quanta::lite {

/// Calls `use(path, text)` for each conformance script that parses. Returns how many there are.
template <class Use>
size_t ForEachValidScript(Use use) {
  size_t scripts = 0;
  std::error_code error;
  for (const auto& entry :
       std::filesystem::directory_iterator(QUANTA_TEST_DATA "/tisslang", error)) {
    if (entry.path().extension() != ".tiss") continue;
    std::ifstream file(entry.path(), std::ios::binary);
    const std::string text{std::istreambuf_iterator<char>(file), {}};
    if (!Parse(Source("t", text)).ok()) continue;
    use(entry.path().string(), text);
    ++scripts;
  }
  return scripts;
}

}  // namespace quanta::lite
