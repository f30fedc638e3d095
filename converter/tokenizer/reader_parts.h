// SPDX-License-Identifier: MIT
#pragma once

#include "converter/tokenizer/json_value.h"
#include "converter/tokenizer/tokenizer_json.h"

/// The parts of ReadTokenizer, one per section of tokenizer.json. Each fills its
/// fields of the tables and throws ReadError.
namespace quanta::converter {

/// `model` and `added_tokens`: the vocabulary, its bytes and types, the merges. Needs
/// the normalizers.
void ReadBpeModel(const JsonValue& model, const JsonValue& added_tokens, uint32_t model_vocab,
                  TokenizerTables* tables);

/// `normalizer`, `pre_tokenizer`, `decoder` (each null or an object).
void ReadNormalizer(const JsonValue& normalizer, TokenizerTables* tables);
void ReadPreTokenizer(const JsonValue& pre_tokenizer, TokenizerTables* tables);
void ReadDecoder(const JsonValue& decoder, TokenizerTables* tables);
/// `post_processor`: the ids around a text. Needs the vocabulary.
void ReadPostProcessor(const JsonValue& post_processor, TokenizerTables* tables);

/// BOS and the ids that end generation. Needs the vocabulary.
void ReadSpecialIds(const TokenizerSources& sources, const JsonValue& tokenizer_json,
                    TokenizerTables* tables);

}  // namespace quanta::converter
