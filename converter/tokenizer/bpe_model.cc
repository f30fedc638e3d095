// SPDX-License-Identifier: MIT
#include <algorithm>
#include <optional>
#include <unordered_map>
#include <unordered_set>

#include "converter/error.h"
#include "converter/tokenizer/byte_alphabet.h"
#include "converter/tokenizer/reader_parts.h"
#include "runtime/text/normalizer.h"

namespace quanta::converter {
namespace {

using format::TokenType;

constexpr size_t kMaxTokenBytes = size_t{1} << 16;

// Builds the id tables from `model` and `added_tokens`.
class BpeModelReader {
 public:
  BpeModelReader(const JsonValue& model, const JsonValue& added_tokens, uint32_t model_vocab,
                 TokenizerTables* tables)
      : model_(model), added_tokens_(added_tokens), model_vocab_(model_vocab), tables_(*tables) {}

  void Read() {
    CheckSettings();
    ReadVocab();
    ReadAddedTokens();
    LayOut();
    ReadByteIds();
    ReadUnknown();
    ReadMerges();
  }

 private:
  struct Token {
    std::string bytes;
    TokenType type = TokenType::kUnused;
    bool present = false;
  };

  void CheckSettings() {
    model_.CheckKeys({"type", "dropout", "unk_token", "continuing_subword_prefix",
                      "end_of_word_suffix", "fuse_unk", "byte_fallback", "ignore_merges", "vocab",
                      "merges"});
    const JsonValue dropout = model_["dropout"];
    if (!dropout.is_null() && !(dropout.json().is_number() && dropout.json() == 0.0)) {
      dropout.Unsupported("random merges cannot be reproduced", "set it to null");
    }
    for (const char* affix : {"continuing_subword_prefix", "end_of_word_suffix"}) {
      const JsonValue value = model_[affix];
      if (!value.is_null() && !value.String().empty()) {
        value.Unsupported(Quote(value.String()) + " is not supported in byte-level BPE");
      }
    }
    tables_.kind = format::TokenizerKind::kByteBpe;
    tables_.ignore_merges = model_["ignore_merges"].BoolOr(false);
    tables_.fuse_unknown = model_["fuse_unk"].BoolOr(false);
  }

  Token& At(uint32_t id) {
    if (id >= tokens_.size()) tokens_.resize(id + size_t{1});
    return tokens_[id];
  }

  void ReadVocab() {
    const JsonValue vocab = model_["vocab"];
    if (!vocab.json().is_object()) vocab.Corrupt("must be an object of words and ids");
    for (const auto& item : vocab.json().items()) {
      const JsonValue value(item.value(), vocab.path() + "[" + Quote(item.key()) + "]");
      const uint32_t id = value.Id();
      if (model_vocab_ != 0 && id >= model_vocab_) {
        value.Corrupt(Format("token id %u, but the model has only %u embeddings", id, model_vocab_),
                      "the tokenizer belongs to another model");
      }
      Token& token = At(id);
      if (token.present) value.Corrupt(Format("the id %u belongs to two words", id));
      token.present = true;
      ids_.emplace(item.key(), id);
    }
    if (ids_.empty()) vocab.Corrupt("has no words");
  }

  // Where the reference's loader would put an added token that the vocabulary lacks:
  // it counts on, whatever id the file claims.
  uint32_t NextAddedId() const {
    const auto words = static_cast<uint32_t>(ids_.size());
    return last_added_ && *last_added_ >= words ? *last_added_ + 1 : words;
  }

  void ReadAddedTokens() {
    if (added_tokens_.is_null()) return;
    for (size_t i = 0; i < added_tokens_.ArraySize(); ++i) ReadAddedToken(added_tokens_.At(i));
  }

  void ReadAddedToken(const JsonValue& value) {
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
    const auto word = ids_.find(token.content);
    const uint32_t expected = word != ids_.end() ? word->second : NextAddedId();
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
    if (word == ids_.end() && entry.present) {
      value["id"].Corrupt(Format("the id %u belongs to two tokens", token.id));
    }
    if (token.special) {
      entry.type = TokenType::kControl;
    } else if (word == ids_.end()) {
      entry.type = TokenType::kUserDefined;
    }
    entry.present = true;
    // What the reference's decoder makes of it, odd as that is for e.g. an accented letter.
    const std::string shown = token.normalized ? Normalized(token.content) : token.content;
    entry.bytes = AlphabetToBytes(shown).value_or(shown);
    tables_.added.push_back(std::move(token));
  }

  std::string Normalized(const std::string& content) const {
    std::vector<format::Normalizer> steps;
    for (const TokenizerTables::Normalizer& n : tables_.normalizers) {
      steps.push_back({n.kind, n.a, n.b, n.left, n.right});
    }
    ErrorDetail detail;
    const auto chain = Value(text::NormalizerChain::Create(steps, &detail), detail);
    text::NormalizerChain::Scratch scratch;
    return std::string(Value(chain.Apply(content, &scratch), detail));
  }

  void LayOut() {
    for (const auto& [word, id] : ids_) {
      Token& token = tokens_[id];
      if (contents_.contains(word)) {
        // ReadAddedToken has seen to it.
      } else if (auto bytes = AlphabetToBytes(word)) {
        token.bytes = *std::move(bytes);
      } else {
        model_["vocab"].Unsupported(
            "the word " + Quote(word) + " has characters that stand for no byte",
            "this is not a byte-level vocabulary");
      }
      if (token.type == TokenType::kUnused && !token.bytes.empty()) {
        token.type = TokenType::kNormal;
      }
    }
    if (model_vocab_ != 0) tokens_.resize(model_vocab_);
    tables_.token_offsets.push_back(0);
    for (const Token& token : tokens_) {
      if (token.bytes.size() > kMaxTokenBytes) {
        model_["vocab"].Corrupt("the word " + Quote(token.bytes) + " is too long for one");
      }
      tables_.token_bytes.insert(tables_.token_bytes.end(), token.bytes.begin(), token.bytes.end());
      tables_.token_offsets.push_back(static_cast<uint32_t>(tables_.token_bytes.size()));
      tables_.token_types.push_back(token.type);
    }
  }

  void ReadByteIds() {
    tables_.byte_ids.assign(256, -1);
    for (const auto& [word, id] : ids_) {
      const auto bytes = AlphabetToBytes(word);
      if (bytes && bytes->size() == 1) {
        tables_.byte_ids[static_cast<uint8_t>(bytes->front())] = static_cast<int32_t>(id);
      }
    }
    const auto missing = std::count(tables_.byte_ids.begin(), tables_.byte_ids.end(), -1);
    if (missing == 0) return;
    if (model_["byte_fallback"].BoolOr(false)) {
      model_["byte_fallback"].Unsupported(
          "is not supported in a byte-level vocabulary that lacks "
          "some bytes");
    }
    tables_.notes.push_back(Format("%d byte values have no token", static_cast<int>(missing)));
  }

  void ReadUnknown() {
    const JsonValue unknown = model_["unk_token"];
    if (unknown.is_null()) return;
    const auto found = ids_.find(unknown.String());
    if (found == ids_.end()) {
      if (std::find(tables_.byte_ids.begin(), tables_.byte_ids.end(), -1) !=
          tables_.byte_ids.end()) {
        unknown.Corrupt(Quote(unknown.String()) + " is not in the vocabulary");
      }
      return;  // never needed
    }
    tables_.unknown_id = static_cast<int32_t>(found->second);
    TokenType& type = tables_.token_types[found->second];
    if (type == TokenType::kNormal) type = TokenType::kUnknown;
  }

  uint32_t WordId(const std::string& word, const JsonValue& merge) const {
    const auto found = ids_.find(word);
    if (found == ids_.end()) merge.Corrupt(Quote(word) + " is not in the vocabulary");
    return found->second;
  }

  void ReadMerges() {
    const JsonValue merges = model_["merges"];
    const size_t count = merges.ArraySize();
    tables_.merges.reserve(count);
    for (size_t i = 0; i < count; ++i) {
      const JsonValue merge = merges.At(i);
      std::string left, right;
      if (merge.json().is_string()) {
        const std::string& line = merge.String();
        if (line.starts_with("#version")) continue;
        const size_t space = line.find(' ');
        if (space == line.npos || line.find(' ', space + 1) != line.npos) {
          merge.Corrupt(Quote(line) + " is not two words");
        }
        left = line.substr(0, space);
        right = line.substr(space + 1);
      } else {
        if (merge.ArraySize() != 2) merge.Corrupt("must be two words");
        left = merge.At(0).String();
        right = merge.At(1).String();
      }
      tables_.merges.push_back(
          {WordId(left, merge), WordId(right, merge), WordId(left + right, merge)});
    }
  }

  const JsonValue model_;
  const JsonValue added_tokens_;
  const uint32_t model_vocab_;
  TokenizerTables& tables_;
  std::vector<Token> tokens_;
  std::unordered_map<std::string, uint32_t> ids_;  // of the model's own words
  std::unordered_set<std::string> contents_;       // of the added tokens
  std::optional<uint32_t> last_added_;
};

}  // namespace

void ReadBpeModel(const JsonValue& model, const JsonValue& added_tokens, uint32_t model_vocab,
                  TokenizerTables* tables) {
  BpeModelReader(model, added_tokens, model_vocab, tables).Read();
}

}  // namespace quanta::converter
