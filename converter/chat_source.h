// SPDX-License-Identifier: MIT
#pragma once

#include <string>

namespace quanta::converter {

/// The chat template of a Hugging Face folder, as text.
struct ChatSource {
  std::string place;  ///< the file it is in; empty: there is none
  std::string jinja;
  std::string bos_token, eos_token;  ///< as text; empty if not set
};

/// Looks where transformers does: chat_template.jinja, then tokenizer_config.json's
/// chat_template (a text, or a list of named ones: the one named "default").
/// Throws Error(kCorrupt, kIo).
ChatSource FindChatTemplate(const std::string& folder);

}  // namespace quanta::converter
