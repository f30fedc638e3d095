// SPDX-License-Identifier: MIT
#include "tiss_lite/program/manifest.h"

#include "tiss_lite/base/json.h"
#include "tiss_lite/program/node_json.h"

namespace quanta::lite::program {
namespace {

bool ReadOperation(const Value& json, Operation* operation) {
  const Value* mode = json.Find("mode");
  if (mode == nullptr || !mode->is(Value::Kind::kNumber)) return false;
  operation->before_mode = static_cast<uint32_t>(mode->number) & 07777;
  return ReadPath(json, "path", &operation->path) && ReadKind(json, "before", &operation->before) &&
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
    json.Key("before").String(KindText(operation.before));
    json.Key("after").String(KindText(operation.after));
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
