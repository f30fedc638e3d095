// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "converter/chat/jinja/syntax.h"

namespace quanta::converter::jinja {

/// Reads a template as Jinja does under transformers' settings: the `loopcontrols`
/// extension, {% generation %}, and white space as SplitTags treats it.
/// Throws ChatError: kCorrupt (not Jinja), kLimit (too long or nested too deeply),
/// kUnsupported (what chat templates do not use: inheritance, raw blocks ...).
Body Parse(std::string_view source);

/// Every string in the code of a template, each once. Throws ChatError likewise.
std::vector<std::string> Strings(std::string_view source);

}  // namespace quanta::converter::jinja
