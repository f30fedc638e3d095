// SPDX-License-Identifier: MIT
#pragma once

#include <optional>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "converter/tokenizer/json_value.h"
#include "converter/tokenizer/tables.h"

namespace quanta::converter {

/// The tokens of a tokenizer while it is read: the model's words, then the added
/// tokens, then LayOut. Every complaint names the place in the file.
class Vocabulary {
 public:
  /// `tables` has its kind and its normalizers, and takes up the rest. `model_vocab`: the
  /// model's embedding rows, 0 if not known.
  Vocabulary(uint32_t model_vocab, TokenizerTables* tables)
      : model_vocab_(model_vocab), tables_(*tables) {}

  /// Adds `word` under `id`, which `value` stands for in a complaint. `repeats`: a word
  /// may come twice, and the last one counts (unigram lists).
  void AddWord(const std::string& word, uint32_t id, const JsonValue& value, bool repeats = false);

  /// The section `added_tokens`, null or an array.
  void ReadAddedTokens(const JsonValue& added_tokens);

  /// Writes ids, bytes and types to the tables. `vocab`: where the words come from.
  void LayOut(const JsonValue& vocab);

  std::optional<uint32_t> Find(const std::string& word) const;
  /// As Find, for a word that must be there: `value` asks for it.
  uint32_t Get(const std::string& word, const JsonValue& value) const;
  const std::unordered_map<std::string, uint32_t>& ids() const { return ids_; }

  /// Whether the model sees `id` under another text than it decodes to, as happens to a
  /// normalized added token that is a word, too.
  bool DecodesToAnother(uint32_t id) const { return tokens_[id].decodes_to_another; }

 private:
  struct Token {
    std::string bytes;
    format::TokenType type = format::TokenType::kUnused;
    bool present = false;
    bool decodes_to_another = false;
  };

  Token& At(uint32_t id);
  uint32_t NextAddedId() const;
  void ReadAddedToken(const JsonValue& value);
  void MarkRepeatedSpecials();
  std::string Normalized(const std::string& content) const;
  std::optional<std::string> BytesOf(const std::string& word) const;

  const uint32_t model_vocab_;
  TokenizerTables& tables_;
  std::vector<Token> tokens_;
  uint32_t words_ = 0;                             // the model's own, repeated ones too
  std::unordered_map<std::string, uint32_t> ids_;  // of the model's own words
  std::unordered_set<std::string> contents_;       // of the added tokens
  std::optional<uint32_t> last_added_;
};

}  // namespace quanta::converter
