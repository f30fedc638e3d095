// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <string>

#include "converter/chat_source.h"
#include "converter/gguf/container.h"
#include "converter/tokenizer/tables.h"

namespace quanta::converter {

/// The tokenizer of a GGUF file: tokenizer.ggml.*, put in the words of tokenizer.json, which
/// ReadTokenizer takes from there. `vocab`: rows of the embedding, 0 if not known. `place`:
/// the file, for messages.
/// What GGUF does not say is as in Hugging Face's tokenizers of that kind (NFC where
/// tokenizer.ggml.pre is qwen2), or else as in llama.cpp: special tokens strip nothing; where
/// no EOT token is named, a text also ends at control tokens called <|im_end|>, <end_of_turn>
/// and so on.
/// SentencePiece's pieces have scores instead of merges: a merge of the result with the
/// higher score comes first. Merges that are listed as well, as ExportGguf does, count instead.
/// Throws Error: kUnsupported, naming a tokenizer.ggml.model or .pre that the runtime does
/// not reproduce exactly; kCorrupt; kNotFound: the file has none.
TokenizerTables ReadGgufTokenizer(const GgufFile& file, uint32_t vocab, const std::string& place);

/// tokenizer.chat_template with the texts of the special tokens; nothing if there is none.
/// Throws Error(kCorrupt).
ChatSource ReadGgufChat(const GgufFile& file, const std::string& place);

}  // namespace quanta::converter
