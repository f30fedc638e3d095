// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "quanta/chat.h"
#include "quanta/model.h"

namespace quanta::cli {

/// A conversation that owns its texts.
struct Conversation {
  struct Message {
    ChatRole role;
    std::string content;
  };
  std::vector<Message> messages;

  void Add(ChatRole role, std::string_view content) {
    messages.push_back({role, std::string(content)});
  }
  std::vector<ChatMessage> View() const;
};

/// The ids of plain text. Throws Error.
std::vector<int32_t> EncodeText(const Model& model, std::string_view text,
                                const EncodeOptions& options, const std::string& place);

/// The ids of a conversation under the model's template. Throws Error; kLimit if the
/// template refuses it, so that this does not count as a mistake in the command.
std::vector<int32_t> EncodeConversation(const Model& model, const Conversation& conversation,
                                        const RenderOptions& options, const std::string& place);

/// The same as text.
std::string RenderConversation(const Model& model, const Conversation& conversation,
                               const RenderOptions& options, const std::string& place);

/// [{"role": "user", "content": "..."}, ...]. Throws Error(kInvalidArgument).
Conversation ParseConversation(const std::string& json, const std::string& place);

}  // namespace quanta::cli
