// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "quanta/status.h"
#include "quanta/tokenizer.h"
#include "runtime/core/array.h"
#include "runtime/format/model_view.h"

namespace quanta::text {

/// What Hugging Face's decoders make of a list of tokens, as a chain of steps through
/// which bytes flow: each step sees bytes and ends of tokens, and holds back only what
/// is not certain yet. `TextDecoder` runs it.
///
/// Without steps the tokens of byte-level BPE are put together as they are, and those
/// of the other kinds with a space between, as the reference does without a decoder.
class DecodeChain {
 public:
  using Kind = format::DecoderKind;

  /// Longest run of byte tokens that is looked at as a whole: only if all of it is UTF-8
  /// is it text. Of a longer one the characters before that are text in any case.
  static constexpr size_t kMaxByteRun = 2048;

  DecodeChain() = default;
  /// For a validated view, which must outlive the chain. Errors: kUnsupported (steps that
  /// cannot be run exactly), kLimit (one token could become endless), kCorrupt, kOutOfMemory.
  static Result<DecodeChain> Create(const format::Tokenizer& view, uint32_t longest_token,
                                    ErrorDetail* detail);

  size_t size() const { return steps_.size(); }
  const format::Decoder& operator[](size_t step) const { return steps_[step]; }

  /// Tokens are joined with a space.
  bool joins() const { return joins_; }
  /// Whether bytes may come out that are not UTF-8 unless repaired (byte-level BPE), and
  /// before which step that must happen: as bytes enter it.
  bool repairs() const { return repairs_; }
  size_t repair_step() const { return repairs_ && !steps_.empty() ? 1 : 0; }
  bool has_byte_fallback() const { return has_byte_fallback_; }

  /// Bytes that one Push or Finish can give at most.
  size_t longest_piece() const { return longest_piece_; }

  /// Of step `step`, which replaces its `a`: where matching goes on after a mismatch
  /// behind `matched` > 0 bytes (Knuth, Morris and Pratt).
  uint16_t Fallback(size_t step, size_t matched) const {
    return fallbacks_[starts_[step] + matched - 1];
  }

 private:
  Status BuildFallbacks();
  Status Measure(uint32_t longest_token, ErrorDetail* detail);

  std::span<const format::Decoder> steps_;
  Array<uint32_t> starts_;  // of each step's part of fallbacks_
  Array<uint16_t> fallbacks_;
  bool joins_ = false;
  bool repairs_ = false;
  bool has_byte_fallback_ = false;
  size_t longest_piece_ = 0;
};

}  // namespace quanta::text
