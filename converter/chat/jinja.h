// SPDX-License-Identifier: MIT
#pragma once

#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "converter/chat/jinja_source.h"
#include "quanta/chat.h"

namespace quanta::converter {

/// What a template makes of a conversation.
struct Rendering {
  enum class Kind {
    kText,
    kRefused,  ///< raise_exception: `text` is its message
    kFailed,   ///< the template itself failed: `text` says how
  };
  Kind kind = Kind::kText;
  std::string text;

  friend bool operator==(const Rendering&, const Rendering&) = default;
};

/// A chat template, rendered by a Jinja engine as transformers does.
class Jinja {
 public:
  /// Throws ChatError if it cannot be parsed.
  Jinja(std::string_view source, std::string_view bos_token, std::string_view eos_token);
  ~Jinja();
  Jinja(const Jinja&) = delete;
  Jinja& operator=(const Jinja&) = delete;

  /// Throws ChatError (kUnsupported) if the template asks for the date, (kLimit) if it
  /// loops without end.
  Rendering Render(std::span<const ChatMessage> messages, bool generation_prompt);

  /// Every string in the template's code.
  const std::vector<std::string>& literals() const;

 private:
  struct Engine;
  std::unique_ptr<Engine> engine_;
};

}  // namespace quanta::converter
