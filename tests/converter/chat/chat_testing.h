// SPDX-License-Identifier: MIT
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "converter/chat/compile.h"
#include "converter/chat/rendering.h"
#include "quanta/chat.h"

namespace quanta::converter {

using Json = nlohmann::json;

struct Conversation {
  std::vector<std::string> contents;
  std::vector<ChatRole> roles;

  std::vector<ChatMessage> View() const;  ///< borrows
};

/// "s:be brief", "u:hello", "a:hi"
Conversation Talk(const std::vector<std::string>& messages);

/// [{"role": "user", "content": "hello"}]
Conversation FromJson(const Json& messages);

/// When the files of ReadChatCases were made.
inline constexpr LocalTime kThen = {2026, 5, 4, 15, 6, 7};

/// What rules make of a conversation at kThen: its text, or "refused: " and why.
std::string Render(const ChatTables& tables, const Conversation& conversation,
                   bool generation_prompt);

struct Compiled {
  Status status;
  std::string detail;
  ChatTables tables;
};

Compiled Compile(std::string_view jinja, std::string_view bos = "<s>",
                 std::string_view eos = "</s>");
/// Of an entry of the files below.
Compiled CompileEntry(const Json& entry);

/// Templates and conversations with what transformers renders.
Json ReadChatCases(const std::string& name);

}  // namespace quanta::converter
