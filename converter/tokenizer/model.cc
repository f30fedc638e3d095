// SPDX-License-Identifier: MIT
//
// The section `model` of tokenizer.json: its words, and how they are put together.
#include <algorithm>
#include <cmath>

#include "converter/error.h"
#include "converter/tokenizer/byte_alphabet.h"
#include "converter/tokenizer/reader_parts.h"
#include "converter/tokenizer/score.h"
#include "converter/tokenizer/vocabulary.h"
#include "runtime/text/utf8.h"

namespace quanta::converter {
namespace {

using format::TokenizerKind;
using format::TokenType;

class ModelReader {
 public:
  ModelReader(const JsonValue& model, const JsonValue& added_tokens, uint32_t model_vocab,
              TokenizerTables* tables)
      : model_(model),
        added_tokens_(added_tokens),
        tables_(*tables),
        vocabulary_(model_vocab, tables) {}

  void Read() {
    switch (tables_.kind) {
      case TokenizerKind::kByteBpe:
      case TokenizerKind::kSpmBpe:
        return ReadBpe();
      case TokenizerKind::kUnigram:
        return ReadUnigram();
      case TokenizerKind::kWhitespace:
        return ReadWordLevel();
    }
  }

 private:
  bool byte_level() const { return tables_.kind == TokenizerKind::kByteBpe; }

  void FinishVocabulary() {
    vocabulary_.ReadAddedTokens(added_tokens_);
    vocabulary_.LayOut(model_["vocab"]);
  }

  // {"word": id, ...}
  void ReadWordMap() {
    const JsonValue vocab = model_["vocab"];
    if (!vocab.json().is_object()) vocab.Corrupt("must be an object of words and ids");
    for (const auto& item : vocab.json().items()) {
      const JsonValue value(item.value(), vocab.path() + "[" + Quote(item.key()) + "]");
      vocabulary_.AddWord(item.key(), value.Id(), value);
    }
    if (vocabulary_.ids().empty()) vocab.Corrupt("has no words");
  }

  void MarkUnknown(uint32_t id) {
    tables_.unknown_id = static_cast<int32_t>(id);
    TokenType& type = tables_.token_types[id];
    if (type == TokenType::kNormal) type = TokenType::kUnknown;
  }

  // The model looks words up, so each must be what it decodes to.
  void RequireTrueWords() const {
    for (const auto& [word, id] : vocabulary_.ids()) {
      if (vocabulary_.DecodesToAnother(id)) RefuseChanged(word);
    }
  }
  [[noreturn]] void RefuseChanged(const std::string& word) const {
    added_tokens_.Unsupported(
        "the word " + Quote(word) + " is also added as a token that the normalizer changes",
        "set that token's 'normalized' to false if its text is meant");
  }

  // --- BPE --------------------------------------------------------------------------

  void ReadBpe() {
    CheckBpeSettings();
    ReadWordMap();
    FinishVocabulary();
    if (byte_level()) {
      ReadByteLevelIds();
    } else {
      RequireTrueCharacters();
      ReadByteTokens();
    }
    ReadBpeUnknown();
    ReadMerges();
  }

  void CheckBpeSettings() {
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
        value.Unsupported(Quote(value.String()) + " is not supported");
      }
    }
    tables_.ignore_merges = model_["ignore_merges"].BoolOr(false);
    tables_.fuse_unknown = model_["fuse_unk"].BoolOr(false);
  }

  void ReadByteLevelIds() {
    tables_.byte_ids.assign(256, -1);
    for (const auto& [word, id] : vocabulary_.ids()) {
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

  void RequireTrueCharacters() const {
    for (const auto& [word, id] : vocabulary_.ids()) {
      const bool character = !word.empty() && text::DecodeUtf8(word.data()).bytes == word.size();
      const bool looked_up = character || tables_.ignore_merges;
      if (looked_up && vocabulary_.DecodesToAnother(id)) RefuseChanged(word);
    }
  }

  // "<0x0A>"
  void ReadByteTokens() {
    tables_.byte_fallback = model_["byte_fallback"].BoolOr(false);
    if (!tables_.byte_fallback) return;
    tables_.byte_ids.assign(256, -1);
    int missing = 0;
    for (unsigned byte = 0; byte < 256; ++byte) {
      const auto id = vocabulary_.Find(Format("<0x%02X>", byte));
      if (!id) {
        ++missing;
        continue;
      }
      tables_.byte_ids[byte] = static_cast<int32_t>(*id);
      TokenType& type = tables_.token_types[*id];
      if (type == TokenType::kNormal) type = TokenType::kByte;
    }
    if (missing > 0) tables_.notes.push_back(Format("%d byte values have no token", missing));
  }

  void ReadBpeUnknown() {
    const JsonValue unknown = model_["unk_token"];
    if (unknown.is_null()) return;
    if (const auto id = vocabulary_.Find(unknown.String())) return MarkUnknown(*id);
    const auto& bytes = tables_.byte_ids;
    if (bytes.empty() || std::find(bytes.begin(), bytes.end(), -1) != bytes.end()) {
      unknown.Corrupt(Quote(unknown.String()) + " is not in the vocabulary");
    }
    // Otherwise it is never needed.
  }

  uint32_t MergedWord(const std::string& word, const JsonValue& merge) const {
    const uint32_t id = vocabulary_.Get(word, merge);
    if (vocabulary_.DecodesToAnother(id)) RefuseChanged(word);
    return id;
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
          {MergedWord(left, merge), MergedWord(right, merge), MergedWord(left + right, merge)});
    }
  }

  // --- Unigram ----------------------------------------------------------------------

  void ReadUnigram() {
    model_.CheckKeys({"type", "unk_id", "vocab", "byte_fallback"});
    const JsonValue vocab = model_["vocab"];
    const size_t count = vocab.ArraySize();
    if (count == 0) vocab.Corrupt("has no words");
    if (count > kMaxVocab) vocab.Corrupt("has more words than any vocabulary");
    for (size_t i = 0; i < count; ++i) {
      const JsonValue entry = vocab.At(i);
      if (entry.ArraySize() != 2) entry.Corrupt("must be a word and its score");
      vocabulary_.AddWord(entry.At(0).String(), static_cast<uint32_t>(i), entry, true);
      tables_.scores64.push_back(Score(entry.At(1)));
    }
    KeepFloatsIfExact();
    FinishVocabulary();
    RequireTrueWords();
    const JsonValue unknown = model_["unk_id"];
    if (unknown.is_null()) {
      unknown.Unsupported("a unigram model without an unknown token cannot encode every text");
    }
    if (unknown.Id() >= count) unknown.Corrupt("is not in the vocabulary");
    ReadByteTokens();
    MarkUnknown(unknown.Id());
    tables_.fuse_unknown = true;
  }

  static double Score(const JsonValue& value) {
    if (!value.json().is_number()) value.Corrupt("must be a number");
    const double score = value.json().get<double>();
    if (!std::isfinite(score)) value.Corrupt("must be finite");
    return AsReferenceReads(score);
  }

  void KeepFloatsIfExact() {
    const auto exact = [](double score) {
      return std::fabs(score) < 1e30 && double{static_cast<float>(score)} == score;
    };
    if (!std::all_of(tables_.scores64.begin(), tables_.scores64.end(), exact)) return;
    for (const double score : tables_.scores64) {
      tables_.scores.push_back(static_cast<float>(score));
    }
    tables_.scores64.clear();
  }

  // --- Whole words ------------------------------------------------------------------

  void ReadWordLevel() {
    model_.CheckKeys({"type", "vocab", "unk_token"});
    ReadWordMap();
    FinishVocabulary();
    RequireTrueWords();
    const JsonValue unknown = model_["unk_token"];
    MarkUnknown(vocabulary_.Get(unknown.String(), unknown));
  }

  const JsonValue model_;
  const JsonValue added_tokens_;
  TokenizerTables& tables_;
  Vocabulary vocabulary_;
};

}  // namespace

void ReadModel(const JsonValue& model, const JsonValue& added_tokens, uint32_t model_vocab,
               TokenizerTables* tables) {
  ModelReader(model, added_tokens, model_vocab, tables).Read();
}

}  // namespace quanta::converter
