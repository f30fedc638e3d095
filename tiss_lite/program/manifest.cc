// SPDX-License-Identifier: MIT
#include "tiss_lite/program/manifest.h"

#include <charconv>

#include "tiss_lite/base/json.h"
#include "tiss_lite/vfs/path.h"

namespace quanta::lite::program {
namespace {

constexpr const char* kKinds[] = {"none", "file", "folder"};

bool ReadKind(const Value& json, const char* key, NodeKind* kind) {
  const Value* value = json.Find(key);
  for (int i = 0; i < 3 && value != nullptr && value->is_text(); ++i) {
    if (value->text != kKinds[i]) continue;
    *kind = static_cast<NodeKind>(i);
    return true;
  }
  return false;
}

bool ReadHash(const Value& json, const char* key, uint64_t* hash) {
  const Value* value = json.Find(key);
  if (value == nullptr || !value->is_text()) return false;
  const std::string& text = value->text;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), *hash);
  return error == std::errc() && end == text.data() + text.size();
}

bool ReadOperation(const Value& json, Operation* operation) {
  const Value *path = json.Find("path"), *mode = json.Find("mode");
  std::string resolved;
  if (path == nullptr || !path->is_text() || mode == nullptr || !mode->is(Value::Kind::kNumber)) {
    return false;
  }
  operation->path = path->text;
  operation->before_mode = static_cast<uint32_t>(mode->number) & 07777;
  return ResolvePath(path->text, &resolved) == nullptr && resolved == path->text &&
         !resolved.empty() && ReadKind(json, "before", &operation->before) &&
         ReadKind(json, "after", &operation->after) &&
         ReadHash(json, "before_hash", &operation->before_hash) &&
         ReadHash(json, "after_hash", &operation->after_hash);
}

}  // namespace

std::string WriteManifest(const Manifest& manifest) {
  JsonWriter json;
  json.BeginObject();
  json.Key("format").String("tiss-lite-commit 1");
  json.Key("undo").Boolean(manifest.is_undo);
  json.Key("operations").BeginList();
  for (const Operation& operation : manifest.operations) {
    json.BeginObject();
    json.Key("path").String(operation.path);
    json.Key("before").String(kKinds[static_cast<int>(operation.before)]);
    json.Key("after").String(kKinds[static_cast<int>(operation.after)]);
    json.Key("before_hash").String(std::to_string(operation.before_hash));
    json.Key("after_hash").String(std::to_string(operation.after_hash));
    json.Key("mode").Number(operation.before_mode);
    json.EndObject();
  }
  json.EndList();
  json.EndObject();
  return json.Take();
}

bool ReadManifest(std::string_view text, Manifest* manifest) {
  Value json;
  if (!ParseJson(text, &json)) return false;
  const Value *format = json.Find("format"), *undo = json.Find("undo");
  const Value* operations = json.Find("operations");
  if (format == nullptr || format->text != "tiss-lite-commit 1" || undo == nullptr ||
      operations == nullptr || !operations->is(Value::Kind::kList)) {
    return false;
  }
  manifest->is_undo = undo->boolean;
  for (const Value& item : operations->items) {
    if (!ReadOperation(item, &manifest->operations.emplace_back())) return false;
  }
  return true;
}

}  // namespace quanta::lite::program
