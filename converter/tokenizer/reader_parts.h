// SPDX-License-Identifier: MIT
#pragma once

#include "converter/tokenizer/json_value.h"
#include "converter/tokenizer/tokenizer_json.h"

/// The parts of ReadTokenizer, one per section of tokenizer.json. Each fills its
/// fields of the tables and throws Error.
namespace quanta::converter {

/// `model` and `added_tokens`: the vocabulary, its bytes and types, merges or scores.
/// Needs the kind and the normalizers.
void ReadModel(const JsonValue& model, const JsonValue& added_tokens, uint32_t model_vocab,
               TokenizerTables* tables);

/// `normalizer`, `pre_tokenizer`, `decoder` (each null or an object).
void ReadNormalizer(const JsonValue& normalizer, TokenizerTables* tables);
/// True if it ends in bytes (ByteLevel).
bool ReadPreTokenizer(const JsonValue& pre_tokenizer, TokenizerTables* tables);
/// Needs the kind.
void ReadDecoder(const JsonValue& decoder, TokenizerTables* tables);
/// `post_processor`: the ids around a text. Needs the vocabulary.
void ReadPostProcessor(const JsonValue& post_processor, TokenizerTables* tables);

/// BOS and the ids that end generation. Needs the vocabulary.
void ReadSpecialIds(const TokenizerSources& sources, const JsonValue& tokenizer_json,
                    TokenizerTables* tables);

// --- What several sections share ------------------------------------------------------

inline const std::string& TypeOf(const JsonValue& value) { return value["type"].String(); }

/// Hands `visit` the parts of nested {"type": "Sequence", `list`: [...]} one by one,
/// or the value itself. The parser has limited the depth.
template <class Visit>
void ForEachPart(const JsonValue& value, const char* list, const Visit& visit) {
  if (value.is_null()) return;
  if (TypeOf(value) != "Sequence") {
    visit(value);
    return;
  }
  value.CheckKeys({"type", list});
  const JsonValue parts = value[list];
  for (size_t i = 0; i < parts.ArraySize(); ++i) ForEachPart(parts.At(i), list, visit);
}

}  // namespace quanta::converter
