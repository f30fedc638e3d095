// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <vector>

#include "tests/runtime/cli/child.h"
#include "tests/runtime/cli/models.h"
#include "tiss_lite/base/value.h"

namespace quanta::lite::program {

/// `tiss-lite ARGUMENTS...`
inline cli::Outcome TissLite(const std::vector<std::string>& arguments) {
  return cli::RunProgramFile(TISS_LITE_PROGRAM, arguments);
}

/// Its output, which must be JSON; an exit code other than `code` fails the test.
Value TissLiteJson(std::vector<std::string> arguments, int code);

/// A fresh folder with one file, notes.txt: "buy milk\n".
std::string NotesFolder();

/// The argument of --agent for one that gives these answers.
std::string Answers(const std::vector<std::string>& answers);

/// A file with this text; its path.
std::string ScriptFile(const std::string& text);

/// What is in a folder but for the commits' journal, by path; folders are not listed.
std::vector<std::string> FilesIn(const std::string& folder);

/// The member at the end of `path`, like "result.status"; null if there is none.
const Value& At(const Value& json, const std::string& path);

}  // namespace quanta::lite::program
