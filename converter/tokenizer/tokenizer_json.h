// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "converter/tokenizer/tables.h"
#include "quanta/status.h"

namespace quanta::converter {

/// The texts a Hugging Face folder describes its tokenizer with. Only the first is
/// required; an empty view stands for a file that is not there.
struct TokenizerSources {
  std::string_view tokenizer_json = {};
  std::string_view tokenizer_config_json = {};
  std::string_view special_tokens_map_json = {};
  std::string_view config_json = {};
  std::string_view generation_config_json = {};
};

/// Reads a tokenizer. `model_vocab` is the number of embedding rows (0 = not known):
/// ids up to there that no token has become unused ones, and a token beyond it is an
/// error unless it is an added one, which is then dropped with a note.
///
/// Ids of BOS and of the tokens that end generation come from generation_config.json,
/// then config.json, then tokenizer_config.json / special_tokens_map.json.
///
/// Errors: kCorrupt (not JSON, or not a tokenizer), kUnsupported (a construct that the
/// runtime cannot reproduce exactly: never an approximation), kLimit, kOutOfMemory.
/// The detail names the file and the construct. Throws nothing.
Result<TokenizerTables> ReadTokenizer(const TokenizerSources& sources, uint32_t model_vocab,
                                      ErrorDetail* detail);

/// The same from the files of `folder`. Errors: kNotFound, kIo too.
Result<TokenizerTables> ReadTokenizerFolder(const std::string& folder, uint32_t model_vocab,
                                            ErrorDetail* detail);

}  // namespace quanta::converter
