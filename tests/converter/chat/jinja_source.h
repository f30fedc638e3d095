// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "converter/chat/chat_error.h"

namespace quanta::converter {

struct JinjaSource {
  /// The template in a form that leaves no room for dialects: see PrepareJinja.
  std::string text;
  /// Every string that occurs in the template's code: what it may look for in a
  /// message.
  std::vector<std::string> literals;
};

/// The name of a function that `text` calls once in each round of each loop and in
/// each macro, so that the caller can bound the work.
inline constexpr std::string_view kTickFunction = "quanta_tick";

/// Rewrites a template so that an engine with simpler rules renders it as Jinja does
/// under transformers' settings (trim_blocks, lstrip_blocks, tools and documents
/// passed as none):
///   * white space control is carried out here and gone from the result;
///   * what a loop's body assigns is forgotten after each round;
///   * `tools is defined` is true.
/// Throws ChatError: kCorrupt (unterminated tag or string), kLimit, kUnsupported.
JinjaSource PrepareJinja(std::string_view source);

}  // namespace quanta::converter
