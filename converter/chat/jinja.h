// SPDX-License-Identifier: MIT
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "converter/chat/chat_error.h"
#include "converter/chat/jinja/interpreter.h"
#include "converter/chat/rendering.h"
#include "quanta/chat.h"

namespace quanta::converter {

/// Of the private use area: occurs in no template.
inline constexpr std::string_view kDateMark = "\uE0DA";

/// A chat template, rendered as transformers does: with its variables, functions and
/// settings, on an engine that does exactly what Jinja does or nothing at all.
class Jinja {
 public:
  /// Throws ChatError if it cannot be parsed.
  Jinja(std::string_view source, std::string_view bos_token, std::string_view eos_token);

  /// `now`: what strftime_now goes by. Null: it gives its format, between two kDateMark.
  /// Throws ChatError: kUnsupported if the template uses what is not implemented, kLimit
  /// if it takes too much work.
  Rendering Render(std::span<const ChatMessage> messages, bool generation_prompt,
                   const LocalTime* now = nullptr);

  /// Whether a rendering has asked for the date.
  bool asked_date() const { return asked_date_; }

  /// Every string in the template's code.
  const std::vector<std::string>& literals() const { return literals_; }

 private:
  jinja::Interpreter interpreter_;
  std::string bos_token_, eos_token_;
  std::vector<std::string> literals_;
  bool asked_date_ = false;
};

}  // namespace quanta::converter
