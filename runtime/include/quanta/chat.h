// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "quanta/local_time.h"
#include "quanta/model.h"
#include "quanta/status.h"
#include "quanta/tokenizer.h"

namespace quanta {

enum class ChatRole : uint8_t { kSystem = 0, kUser = 1, kAssistant = 2 };

struct ChatMessage {
  ChatRole role;
  std::string_view content;  ///< UTF-8
};

struct RenderOptions {
  bool generation_prompt = true;  ///< end with the words that ask for an answer
  /// Let special tokens spelled out inside a message count as such, as Hugging Face
  /// does. False: only the template's own words can hold special tokens.
  bool parse_special = false;
  /// What templates that print the date take for now. Null: the system's clock.
  const LocalTime* now = nullptr;
};

/// Receives the prompt piece by piece. `trusted`: the template's own words; else a
/// message's content. Returning an error stops the rendering with it.
using RenderSink = Status (*)(void* context, std::string_view piece, bool trusted);

/// Writes the prompt that a conversation becomes under the model's chat template.
/// Errors: kNotFound (the model has none), kInvalidArgument (the template refuses
/// this conversation: the detail holds its own words).
Status RenderChat(const Model& model, std::span<const ChatMessage> messages,
                  const RenderOptions& options, RenderSink sink, void* context,
                  ErrorDetail* detail = nullptr);

/// The same, as ids appended to `out`.
Status EncodeChat(const Model& model, std::span<const ChatMessage> messages,
                  const RenderOptions& options, TokenBuffer* out, ErrorDetail* detail = nullptr);

}  // namespace quanta
