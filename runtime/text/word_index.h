// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "quanta/status.h"
#include "runtime/format/model_view.h"
#include "runtime/text/hash.h"
#include "runtime/text/index_table.h"

namespace quanta::text {

/// Finds the tokens of a model by their text.
class WordIndex {
 public:
  static constexpr uint32_t kNone = IndexTable::kNone;

  WordIndex() = default;
  /// The tokens of `view` (which must outlive the index) that `belongs(id)` chooses and
  /// that are not empty. Errors: kOutOfMemory, kCorrupt (made to collide).
  template <class Belongs>
  static Result<WordIndex> Create(const format::Tokenizer& view, Belongs belongs) {
    WordIndex index;
    index.view_ = &view;
    QUANTA_ASSIGN(index.table_, IndexTable::Create(view.vocab()));
    for (uint32_t id = 0; id < view.vocab(); ++id) {
      const std::string_view text = view.Text(id);
      if (text.empty() || !belongs(id)) continue;
      QUANTA_TRY(index.table_.Insert(HashBytes(text), id,
                                     [&](uint32_t other) { return view.Text(other) == text; }));
    }
    return index;
  }

  /// The id of `word`, of equal ones the last; or kNone.
  uint32_t Find(std::string_view word) const {
    return table_.Find(HashBytes(word), [&](uint32_t id) { return view_->Text(id) == word; });
  }

 private:
  const format::Tokenizer* view_ = nullptr;
  IndexTable table_;
};

/// Which tokens are words of the model itself, as opposed to tokens that are found in a
/// text before the model sees it.
class ModelWords {
 public:
  ModelWords() = default;
  explicit ModelWords(const format::Tokenizer& view) : types_(view.token_types) {
    for (size_t id = 0; id < types_.size(); ++id) {
      if (IsPlain(types_[id])) end_ = id + 1;
    }
  }

  /// A control token counts, if it lies among the words: those that were only added
  /// have ids behind all words.
  bool Has(uint32_t id) const {
    return IsPlain(types_[id]) || (types_[id] == format::TokenType::kControl && id < end_);
  }
  /// Whether a text may spell out `id`, one that Has: a control token only if it is to be
  /// parsed for such.
  bool MayEncode(uint32_t id, bool parse_special) const {
    return parse_special || types_[id] != format::TokenType::kControl;
  }
  static bool IsPlain(format::TokenType type) {
    return type == format::TokenType::kNormal || type == format::TokenType::kUnknown ||
           type == format::TokenType::kByte;
  }

 private:
  std::span<const format::TokenType> types_;
  size_t end_ = 0;  // one past the last plain word
};

}  // namespace quanta::text
