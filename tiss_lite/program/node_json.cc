// SPDX-License-Identifier: MIT
#include "tiss_lite/program/node_json.h"

#include <charconv>

#include "tiss_lite/vfs/path.h"

namespace quanta::lite::program {
namespace {

constexpr const char* kKinds[] = {"none", "file", "folder"};

const std::string* FindText(const Value& json, const char* key) {
  const Value* value = json.Find(key);
  return value != nullptr && value->is_text() ? &value->text : nullptr;
}

}  // namespace

const char* KindText(NodeKind kind) { return kKinds[static_cast<size_t>(kind)]; }

bool ReadKind(const Value& json, const char* key, NodeKind* kind) {
  const std::string* text = FindText(json, key);
  for (int i = 0; i < 3 && text != nullptr; ++i) {
    if (*text != kKinds[i]) continue;
    *kind = static_cast<NodeKind>(i);
    return true;
  }
  return false;
}

bool ReadHash(const Value& json, const char* key, uint64_t* hash) {
  const std::string* text = FindText(json, key);
  if (text == nullptr) return false;
  const char* const last = text->data() + text->size();
  const auto [end, error] = std::from_chars(text->data(), last, *hash);
  return error == std::errc() && end == last;
}

bool ReadPath(const Value& json, const char* key, std::string* path) {
  const std::string* text = FindText(json, key);
  return text != nullptr && ResolvePath(*text, path) == nullptr && *path == *text && !path->empty();
}

}  // namespace quanta::lite::program
