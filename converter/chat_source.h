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

/// Looks where transformers does: chat_template.jinja, which hides all others; then
/// tokenizer_config.json's chat_template (a text, or several named ones: the one named
/// "default"); last chat_template.json, where older processors kept it. Special tokens
/// are those of tokenizer_config.json, or of special_tokens_map.json if that is older.
/// Throws Error: kCorrupt, kIo; kUnsupported if there are only templates with other names.
ChatSource FindChatTemplate(const std::string& folder);

}  // namespace quanta::converter
