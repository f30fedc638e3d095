// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "quanta/status.h"
#include "runtime/format/model_view.h"

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

/// The tokenizer of a checkpoint: owns what View() points into.
struct TokenizerTables {
  struct Normalizer {
    format::NormalizerKind kind = format::NormalizerKind::kNfc;
    std::string a, b;
    bool left = false, right = false;
  };
  struct PreTokenizer {
    format::PreTokenizerKind kind = format::PreTokenizerKind::kGpt2;
    std::string a;
    format::SplitBehavior behavior = format::SplitBehavior::kRemoved;
    uint8_t prepend = 0;
  };
  struct Decoder {
    format::DecoderKind kind = format::DecoderKind::kByteLevel;
    std::string a, b;
    uint32_t start = 0, stop = 0;
    uint8_t prepend = 0;
  };
  struct AddedToken {
    uint32_t id = 0;
    std::string content;
    bool special = false, lstrip = false, rstrip = false, single_word = false, normalized = false;
  };

  format::TokenizerKind kind = format::TokenizerKind::kByteBpe;
  std::vector<uint32_t> token_offsets;
  std::vector<uint8_t> token_bytes;  ///< what each id decodes to
  std::vector<format::TokenType> token_types;
  std::vector<format::Merge> merges;
  std::vector<float> scores;
  std::vector<int32_t> byte_ids;
  int32_t unknown_id = -1;
  bool fuse_unknown = false, byte_fallback = false, ignore_merges = false;
  std::vector<Normalizer> normalizers;
  std::vector<PreTokenizer> pre_tokenizers;
  std::vector<Decoder> decoders;
  std::vector<AddedToken> added;
  std::vector<int32_t> prefix_ids, suffix_ids;
  int32_t bos_id = -1;
  std::vector<int32_t> stop_ids;

  /// What a reader of the report should know, a sentence each: harmless oddities of
  /// the source that were put right.
  std::vector<std::string> notes;

  uint32_t vocab() const { return static_cast<uint32_t>(token_types.size()); }

  /// The same as the writer and the runtime take it; borrows from this object, which
  /// must stay where it is. Errors: kOutOfMemory.
  Result<format::Tokenizer> View() const;
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
