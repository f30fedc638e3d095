// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "tiss_lite/syntax/ast.h"

namespace quanta::lite {

/// A piece of a text that may hold `{{ name }}`.
struct TextPiece {
  enum class Kind : uint8_t {
    kText,   ///< `text` stands for itself
    kName,   ///< `name`, written as `text`
    kBraces  ///< `text` stands for itself: braces that a `\{{` saved from being a name
  };
  Kind kind = Kind::kText;
  std::string_view text;  ///< borrowed from the template
  Operand name;           ///< a variable, or a field of LAST_RUN
};

/// The pieces of `text`, in order; all of it is covered but for the backslash of `\{{`.
std::vector<TextPiece> SplitTemplate(std::string_view text);

}  // namespace quanta::lite
