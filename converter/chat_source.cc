// SPDX-License-Identifier: MIT
#include "converter/chat_source.h"

#include <filesystem>

#include "converter/error.h"
#include "converter/json.h"
#include "runtime/platform/platform.h"

namespace quanta::converter {
namespace {

namespace fs = std::filesystem;

/// A token in tokenizer_config.json: its text, or an object that has it as "content".
std::string TokenText(const Json& config, const char* key) {
  const auto found = config.find(key);
  if (found == config.end()) return {};
  if (found->is_string()) return found->get<std::string>();
  if (!found->is_object()) return {};
  const auto content = found->find("content");
  return content != found->end() && content->is_string() ? content->get<std::string>()
                                                         : std::string();
}

/// One of several named templates.
std::string DefaultOf(const Json& list, const std::string& place) {
  std::string names;
  for (const Json& entry : list) {
    if (!entry.is_object() || !entry.contains("name") || !entry.contains("template") ||
        !entry["name"].is_string() || !entry["template"].is_string()) {
      throw Error(Code::kCorrupt, place, "chat_template must list objects of name and template");
    }
    const auto& name = entry["name"].get_ref<const std::string&>();
    if (name == "default") return entry["template"].get<std::string>();
    names += (names.empty() ? "" : ", ") + name;
  }
  throw Error(Code::kUnsupported, place,
              "has several chat templates (" + names + "), none of them named \"default\"",
              "name one of them so, or add --no-chat-template");
}

std::string FromConfig(const Json& config, const std::string& place) {
  const auto found = config.find("chat_template");
  if (found == config.end() || found->is_null()) return {};
  if (found->is_string()) return found->get<std::string>();
  if (found->is_array()) return DefaultOf(*found, place);
  throw Error(Code::kCorrupt, place, "chat_template must be a text or a list");
}

std::string ReadText(const std::string& path) {
  ErrorDetail detail;
  const auto file = Value(platform::MappedFile::Open(path.c_str(), &detail), detail, path);
  return {reinterpret_cast<const char*>(file.bytes().data()), file.bytes().size()};
}

}  // namespace

ChatSource FindChatTemplate(const std::string& folder) {
  const std::string config_path = (fs::path(folder) / "tokenizer_config.json").string();
  const std::string jinja_path = (fs::path(folder) / "chat_template.jinja").string();
  std::error_code ignored;

  ChatSource source;
  if (fs::exists(config_path, ignored)) {
    const Json config = ReadJson(config_path);
    if (!config.is_object()) throw Error(Code::kCorrupt, config_path, "must be a JSON object");
    source.bos_token = TokenText(config, "bos_token");
    source.eos_token = TokenText(config, "eos_token");
    if (!fs::exists(jinja_path, ignored)) source.jinja = FromConfig(config, config_path);
    if (!source.jinja.empty()) source.place = config_path;
  }
  if (fs::exists(jinja_path, ignored)) {
    source.jinja = ReadText(jinja_path);
    source.place = jinja_path;
  }
  return source;
}

}  // namespace quanta::converter
