// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "quanta/status.h"
#include "runtime/format/model_view.h"

namespace quanta::converter {

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
  /// Of byte-level BPE what each id decodes to; of the others the vocabulary's text.
  std::vector<uint8_t> token_bytes;
  std::vector<format::TokenType> token_types;
  std::vector<format::Merge> merges;
  std::vector<float> scores;     ///< unigram: of its words, which are the first ids
  std::vector<double> scores64;  ///< instead, where floats would not be exact
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

/// For models without tokenizer, since a file always has one: no tokens worth the name.
TokenizerTables NoTokenizer();

/// Owned tables from a view, such as a model file's: the way back from View().
TokenizerTables OwnTables(const format::Tokenizer& view);

}  // namespace quanta::converter
