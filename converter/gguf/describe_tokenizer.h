// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "converter/chat_source.h"
#include "converter/gguf/write_gguf.h"
#include "converter/tokenizer/tables.h"

namespace quanta::converter {

/// Writes a tokenizer and a chat template as llama.cpp reads them: tokenizer.ggml.* of its
/// models "gpt2" (byte-level BPE) and "llama" (SentencePiece's BPE). Either may be null; without
/// a tokenizer the file says that it has none.
///   vocab: the model's; ids beyond the tokenizer's become unused tokens "[PAD123]"
///   notes: where llama.cpp may make other ids of a text, a sentence each
/// Throws Error(kUnsupported) naming what llama.cpp has no word for.
void DescribeGgufTokenizer(const TokenizerTables* tokenizer, const ChatSource* chat, uint32_t vocab,
                           GgufHeader* header, std::vector<std::string>* notes);

}  // namespace quanta::converter
