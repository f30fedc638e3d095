// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "converter/chat/jinja/value.h"

namespace quanta::converter::jinja {

struct Token {
  enum class Kind { kName, kString, kNumber, kOperator, kEnd };
  Kind kind = Kind::kEnd;
  std::string text;  ///< a name, an operator; for messages
  Value value;       ///< of strings and numbers
};

/// The tokens of a tag's code, kEnd last.
/// Throws ChatError: kCorrupt (no such token), kUnsupported (named escapes).
std::vector<Token> Tokens(std::string_view code);

}  // namespace quanta::converter::jinja
