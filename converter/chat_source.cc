// SPDX-License-Identifier: MIT
#include "converter/chat_source.h"

#include <filesystem>
#include <set>
#include <utility>

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

[[noreturn]] void ThrowNoDefault(const std::string& names, const std::string& place) {
  throw Error(Code::kUnsupported, place,
              "has several chat templates (" + names + "), none of them named \"default\"",
              "name one of them so, or add --no-chat-template");
}

/// One of several named templates: objects of name and template, or a map.
std::string DefaultOf(const Json& templates, const std::string& place) {
  std::string names;
  for (const auto& [key, entry] : templates.items()) {
    const bool pair = templates.is_array() && entry.is_object() && entry.contains("name") &&
                      entry["name"].is_string() && entry.contains("template");
    if (templates.is_array() && !pair) {
      throw Error(Code::kCorrupt, place, "chat_template must list objects of name and template");
    }
    const Json& text = pair ? entry["template"] : entry;
    if (!text.is_string()) {
      throw Error(Code::kCorrupt, place, "a chat template must be a text");
    }
    const std::string name = pair ? entry["name"].get<std::string>() : key;
    if (name == "default") return text.get<std::string>();
    names += (names.empty() ? "" : ", ") + name;
  }
  ThrowNoDefault(names, place);
}

/// `config`: tokenizer_config.json, or the older processors' chat_template.json.
std::string FromConfig(const Json& config, const std::string& place) {
  const auto found = config.find("chat_template");
  if (found == config.end() || found->is_null()) return {};
  if (found->is_string()) return found->get<std::string>();
  if (found->is_array() || found->is_object()) return DefaultOf(*found, place);
  throw Error(Code::kCorrupt, place, "chat_template must be a text or a list");
}

Json ReadObject(const std::string& path) {
  Json json = ReadJson(path);
  if (!json.is_object()) throw Error(Code::kCorrupt, path, "must be a JSON object");
  return json;
}

/// Tokens that `config` sets, also to null.
void TakeTokens(const Json& config, ChatSource* source) {
  if (config.contains("bos_token")) source->bos_token = TokenText(config, "bos_token");
  if (config.contains("eos_token")) source->eos_token = TokenText(config, "eos_token");
}

/// Names of the templates in the folder for those beside the default one.
std::string AdditionalNames(const fs::path& folder) {
  std::set<std::string> names;
  std::error_code ignored;
  for (const auto& entry : fs::directory_iterator(folder, ignored)) {
    if (entry.path().extension() == ".jinja") names.insert(entry.path().stem().string());
  }
  std::string out;
  for (const std::string& name : names) out += (out.empty() ? "" : ", ") + name;
  return out;
}

std::string ReadText(const std::string& path) {
  ErrorDetail detail;
  const auto file = Value(platform::MappedFile::Open(path.c_str(), &detail), detail, path);
  return {reinterpret_cast<const char*>(file.bytes().data()), file.bytes().size()};
}

}  // namespace

ChatSource FindChatTemplate(const std::string& folder) {
  const auto path = [&](const char* name) { return (fs::path(folder) / name).string(); };
  const auto exists = [](const std::string& file) {
    std::error_code ignored;
    return fs::exists(file, ignored);
  };
  const std::string config_path = path("tokenizer_config.json");
  const std::string tokens_path = path("special_tokens_map.json");
  const std::string jinja_path = path("chat_template.jinja");
  const std::string processor_path = path("chat_template.json");

  ChatSource source;
  const Json config = exists(config_path) ? ReadObject(config_path) : Json::object();
  TakeTokens(config, &source);
  // Folders from before tokenizer_config.json listed the added tokens.
  if (!config.contains("added_tokens_decoder") && exists(tokens_path)) {
    TakeTokens(ReadObject(tokens_path), &source);
  }
  const auto take = [&](std::string jinja, const std::string& place) {
    source.jinja = std::move(jinja);
    source.place = place;
  };
  if (exists(jinja_path)) {
    take(ReadText(jinja_path), jinja_path);
    return source;
  }
  if (const std::string names = AdditionalNames(path("additional_chat_templates"));
      !names.empty()) {
    ThrowNoDefault(names, path("additional_chat_templates"));
  }
  if (std::string jinja = FromConfig(config, config_path); !jinja.empty()) {
    take(std::move(jinja), config_path);
  } else if (exists(processor_path)) {
    jinja = FromConfig(ReadObject(processor_path), processor_path);
    if (!jinja.empty()) take(std::move(jinja), processor_path);
  }
  return source;
}

}  // namespace quanta::converter
