// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <unordered_map>
#include <vector>

#include "runtime/format/model_view.h"

namespace quanta::converter {

/// How tokenizer.json spells the tokens of a tokenizer, and which of them are words of
/// its model; the others are added tokens only. Throws Error(kUnsupported) where two
/// words would be spelled alike.
class Spelling {
 public:
  explicit Spelling(const format::Tokenizer& tokenizer);

  /// The word of `id`: an added token's content, else its text, in byte-level BPE in the
  /// alphabet of such files.
  const std::string& Word(uint32_t id) const { return words_[id]; }
  bool InModel(uint32_t id) const { return in_model_[id]; }

 private:
  void FindModelWords();
  void KeepAddedTokensOut();

  const format::Tokenizer& tokenizer_;
  std::vector<std::string> words_;
  std::vector<bool> in_model_;
};

}  // namespace quanta::converter
