// SPDX-License-Identifier: MIT
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "converter/chat/rendering.h"
#include "quanta/chat.h"

namespace quanta::converter {

/// The minja library as a second opinion on what a template renders. It takes many
/// liberties with Python's semantics, so it can doubt a rendering but not vouch for one.
class MinjaEngine {
 public:
  /// A template that it cannot parse renders nothing.
  explicit MinjaEngine(std::string_view source);
  ~MinjaEngine();
  MinjaEngine(const MinjaEngine&) = delete;
  MinjaEngine& operator=(const MinjaEngine&) = delete;

  /// Nothing where it fails. Call it only for what jinja::Interpreter has rendered: it
  /// does not survive every template (a division by zero).
  std::optional<Rendering> Render(std::span<const ChatMessage> messages, bool generation_prompt,
                                  const std::string& bos_token, const std::string& eos_token);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace quanta::converter
