// SPDX-License-Identifier: MIT
#include "tiss_lite/program/saved_run.h"

#include <utility>

#include "runtime/cli/error.h"
#include "tiss_lite/base/json.h"
#include "tiss_lite/program/files.h"

namespace quanta::lite::program {
namespace {

constexpr char kFormat[] = "tiss-lite-saved-run";
constexpr size_t kMaxBytes = size_t{256} << 20;

}  // namespace

void SaveRun(const std::string& path, const std::string& token, const HostFolder* folder) {
  Value json = Value::Object();
  json.Set("format", Value::Text(kFormat));
  json.Set("version", Value::Number(1));
  json.Set("token", Value::Text(token));
  if (folder != nullptr) json.Set("folder", folder->SeenAsJson());
  ReplaceFile(path, TextForm(json) + "\n");
}

SavedRun LoadRun(const std::string& path, HostFolder* folder) {
  const std::string text = ReadWholeFile(path, kMaxBytes);
  const auto fail = [&](const char* why) { throw cli::Error(Code::kCorrupt, path, why); };
  SavedRun run;
  Value json;
  if (!ParseJson(text, &json)) fail("this is not a suspended run");
  const Value* format = json.Find("format");
  if (format == nullptr || format->text != kFormat) {
    run.token = text;
    return run;
  }
  const Value *version = json.Find("version"), *token = json.Find("token");
  if (version == nullptr || version->number != 1) fail("the suspended run is of another version");
  if (token == nullptr || !token->is_text()) fail("the suspended run is damaged");
  run.token = token->text;
  const Value* seen = json.Find("folder");
  run.has_folder = seen != nullptr;
  if (run.has_folder && folder != nullptr && !folder->TakeSeen(*seen)) {
    fail("the suspended run is damaged");
  }
  return run;
}

}  // namespace quanta::lite::program
