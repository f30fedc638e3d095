// SPDX-License-Identifier: MIT
#include "converter/tokenizer/spelling.h"

#include <algorithm>

#include "converter/error.h"
#include "converter/tokenizer/byte_alphabet.h"
#include "converter/tokenizer/json_value.h"
#include "runtime/text/utf8.h"

namespace quanta::converter {
namespace {

using format::TokenizerKind;
using format::TokenType;

std::string InAlphabet(std::string_view bytes) {
  std::string word;
  for (const char byte : bytes) {
    char character[4];
    word.append(character, text::EncodeUtf8(ByteToChar(static_cast<uint8_t>(byte)), character));
  }
  return word;
}

}  // namespace

Spelling::Spelling(const format::Tokenizer& tokenizer)
    : tokenizer_(tokenizer), words_(tokenizer.vocab()), in_model_(tokenizer.vocab(), false) {
  const bool bytes = tokenizer.kind == TokenizerKind::kByteBpe;
  for (uint32_t id = 0; id < tokenizer.vocab(); ++id) {
    const std::string_view text = tokenizer.Text(id);
    words_[id] = bytes ? InAlphabet(text) : std::string(text);
  }
  for (const format::AddedToken& token : tokenizer.added) words_[token.id] = token.content;
  FindModelWords();
}

void Spelling::FindModelWords() {
  if (tokenizer_.kind == TokenizerKind::kUnigram) {
    const size_t words = std::max(tokenizer_.scores.size(), tokenizer_.scores64.size());
    std::fill_n(in_model_.begin(), words, true);
    return;
  }
  for (uint32_t id = 0; id < tokenizer_.vocab(); ++id) {
    in_model_[id] = tokenizer_.token_types[id] != TokenType::kUnused;
  }
  KeepAddedTokensOut();
  std::unordered_map<std::string_view, uint32_t> ids;
  for (uint32_t id = 0; id < tokenizer_.vocab(); ++id) {
    if (!in_model_[id]) continue;
    const auto [other, fresh] = ids.emplace(words_[id], id);
    if (fresh) continue;
    throw Error(Code::kUnsupported, "tokenizer",
                Format("the tokens %u and %u are both spelled %s, which tokenizer.json cannot say",
                       other->second, id, Quote(words_[id]).c_str()));
  }
}

// The ids behind all plain words, if the reader gives those tokens the same ids on its
// own: it counts on from the number of words.
void Spelling::KeepAddedTokensOut() {
  std::vector<bool> in_model = in_model_;
  std::vector<bool> added(in_model.size(), false);
  for (const format::AddedToken& token : tokenizer_.added) added[token.id] = true;
  for (size_t id = in_model.size(); id-- > 0;) {
    const TokenType type = tokenizer_.token_types[id];
    const bool only_added =
        added[id] && (type == TokenType::kControl || type == TokenType::kUserDefined);
    if (!only_added && type != TokenType::kUnused) break;
    in_model[id] = false;
  }
  uint32_t next = static_cast<uint32_t>(std::count(in_model.begin(), in_model.end(), true));
  for (const format::AddedToken& token : tokenizer_.added) {
    if (!in_model[token.id] && token.id != next) return;
    next = std::max(next, token.id + 1);
  }
  in_model_ = std::move(in_model);
}

}  // namespace quanta::converter
