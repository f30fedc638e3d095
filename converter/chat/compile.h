// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "quanta/status.h"
#include "runtime/format/model_view.h"

namespace quanta::converter {

/// What a checkpoint says about its chat template.
struct ChatSources {
  std::string_view jinja;      ///< the template
  std::string_view bos_token;  ///< as text; empty if there is none
  std::string_view eos_token;
};

/// A compiled chat template: owns what View() points into.
struct ChatTables {
  struct Rule {
    format::ChatRuleKind kind = format::ChatRuleKind::kMessage;
    uint32_t when = 0, unless = 0;
    format::ChatRole role = format::ChatRole::kSystem;
    std::string prefix, suffix;
    bool trim_start = false, trim_end = false, newlines = false, drop = false;
    format::ChatPart part = format::ChatPart::kAll;
    std::string middle;
  };

  std::string source;  ///< the template as it was
  std::vector<Rule> rules;
  std::string bos_token, eos_token;  ///< of the sources
  std::string date_mark, thought_open, thought_close, reply_open, reply_close;
  size_t compared = 0;             ///< conversations that rules and template render alike
  std::vector<std::string> notes;  ///< what a reader of a report should know

  /// The same as the writer and the runtime take it; borrows from this object, which
  /// must stay where it is. Errors: kOutOfMemory.
  Result<format::ChatTemplate> View() const;
};

/// Turns a Jinja chat template into rules (docs/format.md, Chat template): renders it
/// with probe conversations, infers what surrounds each message under which
/// conditions, and compares the result with the template on many other conversations.
///
/// The rules reproduce the template exactly, refusals in its own words included. One
/// exception, which `notes` then states: where a template handles a system message
/// behind other messages in a way that rules cannot express, they refuse it there.
/// The date, where a template prints it, is the one at which a conversation is rendered.
/// If they cannot do that, there is an error: kUnsupported if it depends on what the messages
/// say (other than a thought that is left out of an answer), or on something else that rules cannot
/// express; kCorrupt if it is not Jinja or renders nothing; kLimit if it is too long or nested too
/// deeply. The detail shows a conversation where the two differ. Throws nothing.
Result<ChatTables> CompileChatTemplate(const ChatSources& sources, ErrorDetail* detail);

/// Owned tables from a model file's template.
ChatTables CopyChatTables(const format::ChatTemplate& view);

}  // namespace quanta::converter
