// SPDX-License-Identifier: MIT
//
// tiss-conformance DIR: runs the cases that DIR/INDEX.json lists, prints a line for each.
#include <cstdio>
#include <exception>
#include <string>

#include "tiss_lite/conformance/case.h"

namespace {

using quanta::lite::conformance::Json;

std::string OutcomeOf(const Json& test, const std::string& folder) {
  try {
    return quanta::lite::conformance::RunCase(test, folder);
  } catch (const std::exception& error) {
    return error.what();
  }
}

int RunAll(const std::string& folder) {
  const Json index = Json::parse(quanta::lite::conformance::ReadFile(folder + "/INDEX.json"));
  if (index.value("format", "") != "tisslang-conformance") {
    std::fprintf(stderr, "%s/INDEX.json: not an index of conformance cases\n", folder.c_str());
    return 2;
  }
  size_t passed = 0, failed = 0;
  for (const Json& test : index.at("tests")) {
    const std::string name = test.value("name", "?"), wrong = OutcomeOf(test, folder);
    ++(wrong.empty() ? passed : failed);
    std::printf("%s %s%s%s\n", wrong.empty() ? "ok  " : "FAIL", name.c_str(),
                wrong.empty() ? "" : ": ", wrong.c_str());
  }
  std::printf("%zu passed, %zu failed\n", passed, failed);
  if (passed + failed == 0) std::fprintf(stderr, "%s: no cases\n", folder.c_str());
  return failed == 0 && passed > 0 ? 0 : 1;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2 || argv[1][0] == '-') {
    std::fprintf(stderr, "usage: tiss-conformance DIR   (runs the cases of DIR/INDEX.json)\n");
    return 2;
  }
  try {
    return RunAll(argv[1]);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "tiss-conformance: %s\n", error.what());
    return 2;
  }
}
