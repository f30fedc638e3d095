// SPDX-License-Identifier: MIT
#include "train_host/data/documents.h"

#include <algorithm>
#include <string_view>

#include "converter/error.h"
#include "converter/json.h"
#include "runtime/platform/platform.h"
#include "runtime/text/chat_template.h"
#include "runtime/text/utf8.h"

namespace quanta::train {
namespace {

using converter::Error;
using converter::Json;

struct Message {
  ChatRole role;
  std::string content;
};

class LineReader {
 public:
  LineReader(const DocumentOptions& options, std::string place)
      : options_(options), place_(std::move(place)) {}

  Document Read(std::string_view line) const {
    const Json json = converter::ParseJson(line, place_);
    if (!json.is_object()) Refuse("is no JSON object");
    const bool text = json.contains("text"), prompt = json.contains("prompt");
    const bool messages = json.contains("messages");
    if (text + prompt + messages > 1)
      Refuse("has more than one of the keys text, prompt, messages");
    if (text) return {{Text(json, "text"), true}};
    if (prompt) return Instruction(Text(json, "prompt"), Text(json, "answer"));
    if (messages) return Conversation(Messages(json["messages"]));
    Refuse("has none of the keys text, prompt, messages");
  }

 private:
  [[noreturn]] void Refuse(const std::string& what, const std::string& hint = {}) const {
    throw Error(Code::kCorrupt, place_, what, hint);
  }

  std::string Text(const Json& json, const char* key) const {
    if (!json.contains(key) || !json[key].is_string()) {
      Refuse("has no text under '" + std::string(key) + "'");
    }
    return json[key].get<std::string>();
  }

  std::vector<Message> Messages(const Json& list) const {
    if (!list.is_array() || list.empty()) Refuse("has no list of messages");
    std::vector<Message> messages;
    for (const Json& entry : list) {
      if (!entry.is_object()) Refuse("has a message that is no object");
      messages.push_back({Role(Text(entry, "role")), Text(entry, "content")});
    }
    return messages;
  }

  ChatRole Role(const std::string& name) const {
    if (name == "system") return ChatRole::kSystem;
    if (name == "user") return ChatRole::kUser;
    if (name == "assistant") return ChatRole::kAssistant;
    Refuse("has a message of the unknown role '" + name + "'", "system, user or assistant");
  }

  Document Instruction(std::string prompt, std::string answer) const {
    if (options_.chat == nullptr) return {{std::move(prompt), false}, {std::move(answer), true}};
    return Conversation(
        {{ChatRole::kUser, std::move(prompt)}, {ChatRole::kAssistant, std::move(answer)}});
  }

  /// Each answer: what the conversation up to it adds to the prompt that asks for it.
  Document Conversation(const std::vector<Message>& messages) const {
    if (options_.chat == nullptr) {
      Refuse("is a conversation, and the tokenizer's folder has no chat template",
             "add a chat_template.jinja to it, or use prompt and answer");
    }
    Document document;
    std::string written;
    for (size_t i = 0; i < messages.size(); ++i) {
      if (messages[i].role != ChatRole::kAssistant) continue;
      const std::string prompt = Render(messages, i, true);
      const std::string all = Render(messages, i + 1, false);
      if (!prompt.starts_with(written) || !all.starts_with(prompt)) {
        Refuse("is a conversation that the chat template rewrites as it goes on",
               "train on its turns one by one");
      }
      document.push_back({prompt.substr(written.size()), false});
      document.push_back({all.substr(prompt.size()), true});
      written = all;
    }
    if (document.empty()) Refuse("has no message of the assistant: nothing would be learnt");
    return document;
  }

  std::string Render(const std::vector<Message>& messages, size_t count, bool prompt) const {
    std::vector<ChatMessage> views;
    for (size_t i = 0; i < count; ++i) views.push_back({messages[i].role, messages[i].content});
    const LocalTime now = {};
    RenderOptions options;
    options.generation_prompt = prompt;
    options.now = &now;
    std::string text;
    const auto sink = [](void* context, std::string_view piece, bool) {
      static_cast<std::string*>(context)->append(piece);
      return Status();
    };
    ErrorDetail detail;
    converter::Check(text::RenderTemplate(*options_.chat, views, options, sink, &text, &detail),
                     detail, place_);
    return text;
  }

  const DocumentOptions& options_;
  const std::string place_;
};

void ReadLines(std::string_view text, const std::string& path, const DocumentOptions& options,
               const DocumentSink& sink) {
  size_t number = 0;
  for (size_t begin = 0; begin < text.size();) {
    const size_t end = std::min(text.find('\n', begin), text.size());
    const std::string_view line = text.substr(begin, end - begin);
    ++number;
    begin = end + 1;
    if (line.find_first_not_of(" \t\r") == std::string_view::npos) continue;
    sink(LineReader(options, path + ", line " + std::to_string(number)).Read(line));
  }
}

void ReadText(std::string_view text, const DocumentOptions& options, const DocumentSink& sink) {
  for (size_t begin = 0; begin < text.size();) {
    const size_t found =
        options.separator.empty() ? std::string_view::npos : text.find(options.separator, begin);
    const size_t end = std::min(found, text.size());
    if (end > begin) sink({{std::string(text.substr(begin, end - begin)), true}});
    begin = end + std::max<size_t>(options.separator.size(), 1);
  }
}

/// Training on bytes that are no text would be silent damage.
void CheckUtf8(std::string_view text, const std::string& path) {
  const size_t valid = text::ValidUtf8Prefix(text);
  if (valid == text.size()) return;
  const auto line =
      1 + std::count(text.begin(), text.begin() + static_cast<ptrdiff_t>(valid), '\n');
  throw Error(Code::kCorrupt, path + ", line " + std::to_string(line), "is not UTF-8",
              "convert the file, with iconv for example");
}

}  // namespace

void ReadDocuments(const std::string& path, const DocumentOptions& options,
                   const DocumentSink& sink) {
  ErrorDetail detail;
  const auto file =
      converter::Value(platform::MappedFile::Open(path.c_str(), &detail), detail, path);
  const std::string_view text(reinterpret_cast<const char*>(file.bytes().data()),
                              file.bytes().size());
  CheckUtf8(text, path);
  if (path.ends_with(".jsonl")) return ReadLines(text, path, options, sink);
  ReadText(text, options, sink);
}

}  // namespace quanta::train
