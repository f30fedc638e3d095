// SPDX-License-Identifier: MIT
#pragma once

#include <string>

#include "quanta/status.h"
#include "runtime/format/model_view.h"

namespace quanta::converter {

/// A tokenizer as the files of a Hugging Face folder.
struct TokenizerFiles {
  std::string tokenizer_json;
  std::string tokenizer_config_json;   ///< the class, and the names of special tokens
  std::string generation_config_json;  ///< the ids of BOS and of what ends a text
};

/// Writes a validated tokenizer so that Hugging Face's library and ReadTokenizer make the
/// same ids and texts of it. The chat template is not part of it.
/// Errors: kUnsupported (what such files cannot say; the detail names it), kOutOfMemory.
/// Throws nothing.
Result<TokenizerFiles> WriteTokenizer(const format::Tokenizer& tokenizer, ErrorDetail* detail);

}  // namespace quanta::converter
