// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "quanta/status.h"
#include "runtime/core/array.h"
#include "runtime/format/model_view.h"

namespace quanta::text {

/// Tells where a text may be cut into words that merge each by itself: between two
/// characters such that no merge has a left side that ends with the first and a right
/// side that begins with the second. Without it SentencePiece's BPE, which has no
/// pre-tokenizer, would have to merge a whole text at once.
///
/// Characters are put into 256 classes, so that a table of bits suffices: ASCII and
/// U+2581 (the space of such vocabularies) one each, the others share. Classes that
/// share only make cuts rarer.
class CutTable {
 public:
  /// `known(c)`: whether character c is a token. No cut separates two characters that
  /// are not, since a run of those may become one unknown token.
  /// `merges`: all of `view`, whose tokens are UTF-8. Errors: kOutOfMemory.
  template <class Known>
  static Result<CutTable> Create(const format::Tokenizer& view, Known known) {
    std::array<bool, kClasses> known_classes{};
    for (uint32_t c = 0; c < 128; ++c) known_classes[c] = known(c);
    known_classes[kSpaceClass] = known(kSpace);
    return Build(view, known_classes);
  }

  /// Bytes of `text` (not empty, valid UTF-8) before the first place to cut; or all.
  size_t FirstCut(std::string_view text) const;

 private:
  static constexpr size_t kClasses = 256;
  static constexpr uint32_t kSpace = 0x2581;
  static constexpr size_t kSpaceClass = 128;

  static Result<CutTable> Build(const format::Tokenizer& view,
                                const std::array<bool, kClasses>& known);
  static size_t ClassOf(uint32_t code_point);
  bool MayCut(size_t left, size_t right) const {
    return (bits_[left * (kClasses / 64) + right / 64] >> (right % 64) & 1) != 0;
  }
  void Join(size_t left, size_t right) {
    bits_[left * (kClasses / 64) + right / 64] &= ~(uint64_t{1} << (right % 64));
  }

  Array<uint64_t> bits_;  // [kClasses][kClasses], one bit each
};

}  // namespace quanta::text
