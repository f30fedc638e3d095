// SPDX-License-Identifier: MIT
#include "tests/converter/chat/chat_testing.h"

#include <gtest/gtest.h>

#include <fstream>

#include "runtime/text/chat_template.h"

namespace quanta::converter {

std::vector<ChatMessage> Conversation::View() const {
  std::vector<ChatMessage> view;
  for (size_t i = 0; i < roles.size(); ++i) view.push_back({roles[i], contents[i]});
  return view;
}

Conversation Talk(const std::vector<std::string>& messages) {
  Conversation out;
  for (const std::string& message : messages) {
    out.roles.push_back(message[0] == 's'   ? ChatRole::kSystem
                        : message[0] == 'u' ? ChatRole::kUser
                                            : ChatRole::kAssistant);
    out.contents.push_back(message.substr(2));
  }
  return out;
}

Conversation FromJson(const Json& messages) {
  Conversation conversation;
  for (const Json& message : messages) {
    const auto role = message["role"].get<std::string>();
    conversation.roles.push_back(role == "system" ? ChatRole::kSystem
                                 : role == "user" ? ChatRole::kUser
                                                  : ChatRole::kAssistant);
    conversation.contents.push_back(message["content"]);
  }
  return conversation;
}

std::string Render(const ChatTables& tables, const Conversation& conversation,
                   bool generation_prompt) {
  const auto view = tables.View();
  EXPECT_TRUE(view.ok());
  std::string out;
  ErrorDetail detail;
  const Status status = text::RenderTemplate(
      view.value(), conversation.View(), {.generation_prompt = generation_prompt, .now = &kThen},
      [](void* text, std::string_view piece, bool) -> Status {
        static_cast<std::string*>(text)->append(piece);
        return {};
      },
      &out, &detail);
  return status.ok() ? out : std::string("refused: ") + detail.text();
}

Compiled Compile(std::string_view jinja, std::string_view bos, std::string_view eos) {
  ErrorDetail detail;
  Result<ChatTables> result = CompileChatTemplate({jinja, bos, eos}, &detail);
  Compiled out = {result.status(), detail.text(), {}};
  if (result.ok()) out.tables = std::move(result).value();
  return out;
}

Compiled CompileEntry(const Json& entry) {
  return Compile(entry["template"].get<std::string>(), entry["bos_token"].get<std::string>(),
                 entry["eos_token"].get<std::string>());
}

Json ReadChatCases(const std::string& name) {
  Json cases;
  std::ifstream(QUANTA_TEST_DATA "/" + name) >> cases;
  return cases;
}

}  // namespace quanta::converter
