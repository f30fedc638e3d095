// SPDX-License-Identifier: MIT
#pragma once

#include <memory>
#include <string_view>

#include "quanta/status.h"
#include "quanta/tokenizer.h"
#include "runtime/format/model_view.h"
#include "runtime/text/merge_table.h"
#include "runtime/text/word_cache.h"

namespace quanta::text {

/// What one Encode call works in; the parts that a model does not use stay empty.
struct ModelScratch {
  /// The best way to one place of a text that unigram has found so far.
  struct Step {
    double score;
    uint32_t start;  ///< of its last token, from the window's start
    uint32_t id;
  };
  bool parse_special = false;  ///< EncodeOptions::parse_special
  WordCache cache;
  GrowBuffer<uint32_t> symbols;
  MergeTable::Scratch merging;
  GrowBuffer<Step> path;
};

/// The part of a tokenizer that turns one pre-token into ids. Each TokenizerKind is
/// one implementation in a file of its own.
class TokenModel {
 public:
  virtual ~TokenModel() = default;

  /// Appends the ids of `piece`: not empty, valid UTF-8. Cost: linear but for a
  /// logarithm in merging. Errors: kOutOfMemory, kLimit.
  virtual Status Encode(std::string_view piece, ModelScratch* scratch, TokenBuffer* out) const = 0;
};

/// Appends the ids of `word` as `encode(word)` does, or copies them if it came before.
template <class Encode>
Status EncodeCached(std::string_view word, WordCache* cache, TokenBuffer* out, Encode encode) {
  if (!WordCache::Fits(word)) return encode(word);
  const WordCache::Key key = WordCache::KeyOf(word);
  if (const auto known = cache->Find(key, out->ids()); !known.empty()) {
    return known.size() == 1 ? out->Append(known[0]) : out->Append(known);
  }
  const size_t start = out->size();
  QUANTA_TRY(encode(word));
  cache->Insert(key, start, out->size() - start);
  return Status();
}

/// How a kind is found: one row of the table in tokenizer.cc.
struct TokenModelEntry {
  format::TokenizerKind kind;
  const char* name;
  const char* version;  ///< semantic version of what it promises
  /// `view` outlives the model. Null for a kind that this build cannot run.
  Result<std::unique_ptr<TokenModel>> (*create)(const format::Tokenizer& view, ErrorDetail* detail);
};

Result<std::unique_ptr<TokenModel>> CreateByteBpe(const format::Tokenizer& view,
                                                  ErrorDetail* detail);
Result<std::unique_ptr<TokenModel>> CreateSpmBpe(const format::Tokenizer& view,
                                                 ErrorDetail* detail);
Result<std::unique_ptr<TokenModel>> CreateUnigram(const format::Tokenizer& view,
                                                  ErrorDetail* detail);
Result<std::unique_ptr<TokenModel>> CreateWordLevel(const format::Tokenizer& view,
                                                    ErrorDetail* detail);

}  // namespace quanta::text
