// SPDX-License-Identifier: MIT
#include "runtime/cli/prompt.h"

#include <nlohmann/json.hpp>

#include "runtime/cli/error.h"

namespace quanta::cli {
namespace {

std::vector<int32_t> Ids(const TokenBuffer& buffer) {
  const auto ids = buffer.ids();
  return {ids.begin(), ids.end()};
}

/// Of a content that is no text: what people may have meant.
std::string KindOf(const nlohmann::json& content) {
  if (content.is_array()) return "a list of parts";
  return content.is_null() ? "null" : std::string("a JSON ") + content.type_name();
}

void CheckChat(Status status, const ErrorDetail& detail, const std::string& place) {
  if (status.code() == Code::kInvalidArgument) {
    throw Error(Code::kLimit, place,
                std::string("the chat template refuses this conversation: ") + detail.text());
  }
  Check(status, detail, place);
}

}  // namespace

std::vector<ChatMessage> Conversation::View() const {
  std::vector<ChatMessage> view;
  for (const Message& message : messages) view.push_back({message.role, message.content});
  return view;
}

std::vector<int32_t> EncodeText(const Model& model, std::string_view text,
                                const EncodeOptions& options, const std::string& place) {
  TokenBuffer ids;
  Check(model.tokenizer().Encode(text, options, &ids), ErrorDetail(), place);
  return Ids(ids);
}

std::vector<int32_t> EncodeConversation(const Model& model, const Conversation& conversation,
                                        const RenderOptions& options, const std::string& place) {
  TokenBuffer ids;
  ErrorDetail detail;
  CheckChat(EncodeChat(model, conversation.View(), options, &ids, &detail), detail, place);
  return Ids(ids);
}

std::string RenderConversation(const Model& model, const Conversation& conversation,
                               const RenderOptions& options, const std::string& place) {
  std::string text;
  ErrorDetail detail;
  const RenderSink append = [](void* out, std::string_view piece, bool) -> Status {
    static_cast<std::string*>(out)->append(piece);
    return {};
  };
  CheckChat(RenderChat(model, conversation.View(), options, append, &text, &detail), detail, place);
  return text;
}

Conversation ParseConversation(const std::string& json, const std::string& place) {
  const auto fail = [&](const std::string& what) -> Error {
    return Error(Code::kInvalidArgument, place, what,
                 "write [{\"role\": \"user\", \"content\": \"...\"}, ...]");
  };
  const auto list = nlohmann::json::parse(json, nullptr, /*allow_exceptions=*/false);
  if (list.is_discarded()) throw fail("is not JSON");
  if (!list.is_array() || list.empty()) throw fail("is not a list of messages");
  Conversation conversation;
  for (size_t i = 0; i < list.size(); ++i) {
    const auto& message = list[i];
    const std::string which = "message " + std::to_string(i);
    if (!message.is_object() || !message.contains("role") || !message.contains("content") ||
        !message["role"].is_string()) {
      throw fail(which + " needs a role and a content, both texts");
    }
    if (!message["content"].is_string()) {
      throw fail(which + " has a content that is " + KindOf(message["content"]) + ", not a text");
    }
    const auto role = message["role"].get<std::string>();
    if (role != "system" && role != "user" && role != "assistant") {
      throw fail(which + " has the role '" + role.substr(0, 40) +
                 "', not system, user or assistant");
    }
    conversation.Add(role == "system" ? ChatRole::kSystem
                     : role == "user" ? ChatRole::kUser
                                      : ChatRole::kAssistant,
                     message["content"].get<std::string>());
  }
  return conversation;
}

}  // namespace quanta::cli
