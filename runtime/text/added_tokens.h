// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string_view>

#include "quanta/status.h"
#include "runtime/core/array.h"
#include "runtime/format/model_view.h"
#include "runtime/text/grow_buffer.h"
#include "runtime/text/normalizer.h"

namespace quanta::text {

/// A set of added tokens: finds the leftmost occurrence of any, the longest there.
class AddedTokenSet {
 public:
  static constexpr size_t kMaxBytes = 1024;  ///< of one token's content

  struct Entry {
    std::string_view content;
    const format::AddedToken* token;
  };
  struct Match {
    size_t start, end;
    const format::AddedToken* token;  ///< null: there is none
  };

  AddedTokenSet() = default;
  /// Those of `added` (which must outlive the set) whose `normalized` flag is as
  /// given; their contents are put through `normalizer` if it is set.
  /// Errors: kOutOfMemory, kCorrupt (content that is too long or not UTF-8).
  static Result<AddedTokenSet> Create(std::span<const format::AddedToken> added, bool normalized,
                                      const NormalizerChain& normalizer, ErrorDetail* detail);

  bool empty() const { return entries_.empty(); }
  Match Find(std::string_view text, size_t from) const;

 private:
  const Entry* LongestAt(std::string_view text) const;

  Array<Entry> entries_;                // ascending by content, no two alike
  std::array<uint32_t, 257> starts_{};  // entries that begin with byte b: [b] to [b + 1]
  TextBuffer contents_;                 // the normalized ones
};

/// Cuts a text at the added tokens in it, as Hugging Face does.
class AddedTokenSplitter {
 public:
  struct Piece {
    std::string_view text;
    const format::AddedToken* token;  ///< null: ordinary text, not empty
  };

  /// `parse_special`: whether special tokens count. All arguments outlive the splitter.
  AddedTokenSplitter(const AddedTokenSet& set, std::string_view text, bool parse_special)
      : set_(set), text_(text), parse_special_(parse_special) {}

  /// The next piece, in order; false at the end.
  bool Next(Piece* piece);

 private:
  bool FindToken();
  size_t SpacesBefore(size_t position) const;
  size_t SpacesAfter(size_t position);

  const AddedTokenSet& set_;
  const std::string_view text_;
  const bool parse_special_;
  size_t done_ = 0;                           // everything before it has been handed out
  size_t search_ = 0;                         // where to look for the next token
  size_t spaces_start_ = 0, spaces_end_ = 0;  // white space seen by SpacesAfter
  // The token that was found and comes next.
  const format::AddedToken* token_ = nullptr;
  size_t token_start_ = 0, token_end_ = 0;
};

}  // namespace quanta::text
