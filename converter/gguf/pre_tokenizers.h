// SPDX-License-Identifier: MIT
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "converter/tokenizer/tables.h"

namespace quanta::converter {

/// A way of cutting texts that llama.cpp knows by name (tokenizer.ggml.pre) and the runtime
/// does exactly: for both ways, in and out.
struct GgufPreTokenizer {
  std::string_view name;
  std::span<const format::PreTokenizerKind> steps;
  bool ignore_merges = false;  ///< whole words first
  bool add_bos = false;        ///< unless tokenizer.ggml.add_bos_token says otherwise
  /// Hugging Face's tokenizers of that name normalize to NFC, which GGUF does not say and
  /// llama.cpp does not do.
  bool nfc = false;
};

/// The one of that name, or null.
const GgufPreTokenizer* FindGgufPreTokenizer(std::string_view name);
/// The first that does what `tables` do, or null.
const GgufPreTokenizer* FindGgufPreTokenizer(const TokenizerTables& tables);
/// "gpt-2, llama-bpe, ...": for messages.
std::string GgufPreTokenizerNames();

}  // namespace quanta::converter
