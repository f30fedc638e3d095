// SPDX-License-Identifier: MIT
#include "converter/tokenizer/vocabulary.h"

#include <algorithm>

#include "converter/error.h"
#include "converter/tokenizer/byte_alphabet.h"
#include "runtime/text/normalizer.h"

namespace quanta::converter {
namespace {

using format::TokenType;

constexpr size_t kMaxTokenBytes = size_t{1} << 16;

}  // namespace

Vocabulary::Token& Vocabulary::At(uint32_t id) {
  if (id >= tokens_.size()) tokens_.resize(id + size_t{1});
  return tokens_[id];
}

// The bytes a word stands for: spelled in characters in byte-level BPE, else its own.
std::optional<std::string> Vocabulary::BytesOf(const std::string& word) const {
  if (tables_.kind == format::TokenizerKind::kByteBpe) return AlphabetToBytes(word);
  return word;
}

void Vocabulary::AddWord(const std::string& word, uint32_t id, const JsonValue& value,
                         bool repeats) {
  if (model_vocab_ != 0 && id >= model_vocab_) {
    value.Corrupt(Format("token id %u, but the model has only %u embeddings", id, model_vocab_),
                  "the tokenizer belongs to another model");
  }
  Token& token = At(id);
  if (token.present) value.Corrupt(Format("the id %u belongs to two words", id));
  token.present = true;
  ++words_;
  const auto bytes = BytesOf(word);
  token.bytes = bytes.value_or(word);
  if (!token.bytes.empty()) token.type = TokenType::kNormal;
  if (repeats) {
    ids_[word] = id;
  } else {
    ids_.emplace(word, id);
  }
}

std::optional<uint32_t> Vocabulary::Find(const std::string& word) const {
  const auto found = ids_.find(word);
  if (found == ids_.end()) return std::nullopt;
  return found->second;
}

uint32_t Vocabulary::Get(const std::string& word, const JsonValue& value) const {
  const auto id = Find(word);
  if (!id) value.Corrupt(Quote(word) + " is not in the vocabulary");
  return *id;
}

// Where the reference's loader would put an added token that the vocabulary lacks:
// it counts on, whatever id the file claims.
uint32_t Vocabulary::NextAddedId() const {
  return last_added_ && *last_added_ >= words_ ? *last_added_ + 1 : words_;
}

void Vocabulary::ReadAddedTokens(const JsonValue& added_tokens) {
  if (added_tokens.is_null()) return;
  for (size_t i = 0; i < added_tokens.ArraySize(); ++i) ReadAddedToken(added_tokens.At(i));
}

void Vocabulary::ReadAddedToken(const JsonValue& value) {
  value.CheckKeys({"id", "content", "single_word", "lstrip", "rstrip", "normalized", "special"});
  TokenizerTables::AddedToken token;
  token.id = value["id"].Id();
  token.content = value["content"].String();
  token.special = value["special"].BoolOr(false);
  token.lstrip = value["lstrip"].BoolOr(false);
  token.rstrip = value["rstrip"].BoolOr(false);
  token.single_word = value["single_word"].BoolOr(false);
  token.normalized = value["normalized"].BoolOr(!token.special);
  if (token.content.empty()) value["content"].Corrupt("is empty");
  if (!contents_.insert(token.content).second) {
    value["content"].Corrupt(Quote(token.content) + " is added twice");
  }
  const auto word = Find(token.content);
  const uint32_t expected = word ? *word : NextAddedId();
  if (token.id != expected) {
    value["id"].Corrupt(Format("%u for %s, which Hugging Face's library would give the id %u",
                               token.id, Quote(token.content).c_str(), expected),
                        "load and save the tokenizer with it to see which one is meant");
  }
  last_added_ = std::max(last_added_.value_or(0), token.id);
  if (model_vocab_ != 0 && token.id >= model_vocab_) {
    tables_.notes.push_back(
        Format("added token %s has id %u, which the model has no embedding "
               "for: left out",
               Quote(token.content).c_str(), token.id));
    return;
  }
  Token& entry = At(token.id);
  if (!word && entry.present) {
    value["id"].Corrupt(Format("the id %u belongs to two tokens", token.id));
  }
  // What the reference's decoder makes of it, odd as that is for e.g. an accented letter.
  const std::string shown = token.normalized ? Normalized(token.content) : token.content;
  if (token.special) {
    // The decoder knows a special token by its text, and does not skip another.
    entry.type = shown == token.content ? TokenType::kControl : TokenType::kUserDefined;
  } else if (!word) {
    entry.type = TokenType::kUserDefined;
  }
  std::string bytes = BytesOf(shown).value_or(shown);
  entry.decodes_to_another = word && bytes != entry.bytes;
  entry.bytes = std::move(bytes);
  entry.present = true;
  tables_.added.push_back(std::move(token));
}

std::string Vocabulary::Normalized(const std::string& content) const {
  std::vector<format::Normalizer> steps;
  for (const TokenizerTables::Normalizer& n : tables_.normalizers) {
    steps.push_back({n.kind, n.a, n.b, n.left, n.right});
  }
  ErrorDetail detail;
  const auto chain = Value(text::NormalizerChain::Create(steps, &detail), detail);
  text::NormalizerChain::Scratch scratch;
  return std::string(Value(chain.Apply(content, &scratch), detail));
}

// The decoder knows a special token by its text: a word that is spelled alike is skipped,
// too. (Only lists can have such.)
void Vocabulary::MarkRepeatedSpecials() {
  if (words_ == ids_.size()) return;
  std::unordered_set<std::string_view> specials;
  for (const auto& token : tables_.added) {
    if (token.special) specials.insert(token.content);
  }
  for (Token& token : tokens_) {
    if (token.present && specials.contains(token.bytes)) token.type = TokenType::kControl;
  }
}

void Vocabulary::LayOut(const JsonValue& vocab) {
  for (const auto& [word, id] : ids_) {
    if (!contents_.contains(word) && !BytesOf(word)) {
      vocab.Unsupported("the word " + Quote(word) + " has characters that stand for no byte",
                        "this is not a byte-level vocabulary");
    }
  }
  MarkRepeatedSpecials();
  if (model_vocab_ != 0) tokens_.resize(model_vocab_);
  tables_.token_offsets.push_back(0);
  for (const Token& token : tokens_) {
    if (token.bytes.size() > kMaxTokenBytes) {
      vocab.Corrupt("the word " + Quote(token.bytes) + " is too long for one");
    }
    tables_.token_bytes.insert(tables_.token_bytes.end(), token.bytes.begin(), token.bytes.end());
    tables_.token_offsets.push_back(static_cast<uint32_t>(tables_.token_bytes.size()));
    tables_.token_types.push_back(token.type);
  }
}

}  // namespace quanta::converter
