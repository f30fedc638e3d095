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
  WordCache cache;
  GrowBuffer<uint32_t> symbols;
  MergeTable::Scratch merging;
};

/// The part of a tokenizer that turns one pre-token into ids. Each TokenizerKind is
/// one implementation in a file of its own.
class TokenModel {
 public:
  virtual ~TokenModel() = default;

  /// Appends the ids of `piece`: not empty, valid UTF-8. Errors: kOutOfMemory, kLimit.
  virtual Status Encode(std::string_view piece, ModelScratch* scratch, TokenBuffer* out) const = 0;
};

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

}  // namespace quanta::text
