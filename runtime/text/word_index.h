// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
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

/// Whether `type` is a word of the model itself. A control token is not: it is found
/// in a text before the model sees it, or was not to be found at all.
inline bool IsModelWord(format::TokenType type) {
  return type == format::TokenType::kNormal || type == format::TokenType::kUnknown ||
         type == format::TokenType::kByte;
}

}  // namespace quanta::text
