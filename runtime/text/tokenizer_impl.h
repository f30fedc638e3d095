// SPDX-License-Identifier: MIT
#pragma once

#include <memory>

#include "quanta/status.h"
#include "quanta/tokenizer.h"
#include "runtime/format/model_view.h"
#include "runtime/text/added_tokens.h"
#include "runtime/text/decode_chain.h"
#include "runtime/text/model.h"
#include "runtime/text/normalizer.h"
#include "runtime/text/pre_tokenizer.h"

namespace quanta {

/// A text goes through the parts in this order; all of them point into the view.
struct Tokenizer::Impl {
  const format::Tokenizer* view = nullptr;
  text::AddedTokenSet raw_added;         ///< found in the text as it is
  text::NormalizerChain normalizer;      ///< applied to what lies between those
  text::AddedTokenSet normalized_added;  ///< found in the normalized text
  text::PreTokenizerChain pre_tokenizer;
  std::unique_ptr<text::TokenModel> model;
  text::DecodeChain decode_chain;
  uint32_t longest_token = 0;

  /// Whether `id` is a token: in range, and not left free.
  bool HasToken(int32_t id) const {
    return id >= 0 && static_cast<uint32_t>(id) < view->vocab() &&
           view->token_types[static_cast<uint32_t>(id)] != format::TokenType::kUnused;
  }
};

namespace text {

/// Builds a tokenizer over a validated view, which must outlive it (and may not
/// move: hand in the view where it stays). Errors: kOutOfMemory, kUnsupported,
/// kCorrupt (strings that are not UTF-8 or too long for what they are).
Result<Tokenizer> CreateTokenizer(const format::Tokenizer& view, ErrorDetail* detail);

}  // namespace text
}  // namespace quanta
