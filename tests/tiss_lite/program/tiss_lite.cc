// SPDX-License-Identifier: MIT
#include "tests/tiss_lite/program/tiss_lite.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>

#include "tiss_lite/base/json.h"

namespace quanta::lite::program {
namespace {

namespace fs = std::filesystem;

std::string FreshName(const std::string& what) {
  static int count = 0;
  return cli::Scratch(what + std::to_string(++count));
}

}  // namespace

Value TissLiteJson(std::vector<std::string> arguments, int code) {
  arguments.push_back("--json");
  const cli::Outcome outcome = TissLite(arguments);
  EXPECT_EQ(outcome.exit_code, code) << outcome.err;
  Value json;
  EXPECT_TRUE(ParseJson(outcome.out, &json)) << outcome.out << outcome.err;
  return json;
}

std::string NotesFolder() {
  const std::string folder = FreshName("folder");
  fs::create_directories(folder);
  cli::WriteFile(folder + "/notes.txt", "buy milk\n");
  return folder;
}

std::string Answers(const std::vector<std::string>& answers) {
  JsonWriter json;
  json.BeginList();
  for (const std::string& answer : answers) json.String(answer);
  json.EndList();
  const std::string path = FreshName("answers");
  cli::WriteFile(path, json.text());
  return "script:" + path;
}

std::string ScriptFile(const std::string& text) {
  const std::string path = FreshName("script");
  cli::WriteFile(path, text);
  return path;
}

std::vector<std::string> FilesIn(const std::string& folder) {
  std::vector<std::string> files;
  for (const auto& entry : fs::recursive_directory_iterator(folder)) {
    const std::string path = fs::relative(entry.path(), folder).string();
    if (entry.is_regular_file() && !path.starts_with(".tiss-lite")) files.push_back(path);
  }
  std::sort(files.begin(), files.end());
  return files;
}

const Value& At(const Value& json, const std::string& path) {
  static const Value null;
  const Value* at = &json;
  for (size_t begin = 0; at != nullptr && begin <= path.size();) {
    const size_t end = std::min(path.find('.', begin), path.size());
    at = at->Find(path.substr(begin, end - begin));
    begin = end + 1;
  }
  return at == nullptr ? null : *at;
}

}  // namespace quanta::lite::program
