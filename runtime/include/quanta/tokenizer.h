// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>

#include "quanta/status.h"

namespace quanta {

/// Where encoded ids go: appended one after another. Grows on the heap.
class TokenBuffer {
 public:
  TokenBuffer() = default;
  ~TokenBuffer();
  TokenBuffer(TokenBuffer&& other) noexcept;
  TokenBuffer& operator=(TokenBuffer&& other) noexcept;
  TokenBuffer(const TokenBuffer&) = delete;
  TokenBuffer& operator=(const TokenBuffer&) = delete;

  std::span<const int32_t> ids() const { return {data_, size_}; }
  size_t size() const { return size_; }
  void Clear() { size_ = 0; }
  void Truncate(size_t size);  ///< keeps the first `size`, which must be there
  Status Append(int32_t id);   ///< kOutOfMemory; contents stay
  Status Append(std::span<const int32_t> ids);

 private:
  Status Grow(size_t needed);
  int32_t* data_ = nullptr;
  size_t size_ = 0;
  size_t capacity_ = 0;
};

struct EncodeOptions {
  /// Put the post-processor's ids (a BOS, say) around the text.
  bool add_special = true;
  /// Recognise special tokens spelled out in the text ("<|im_end|>"), as Hugging
  /// Face does. False: they are characters like any others, so that a user's
  /// message cannot forge a turn.
  bool parse_special = false;
  /// The text is, or begins, a whole one. False for a part from the middle, as what
  /// follows a special token is: some tokenizers put a space before the first word only.
  bool text_start = true;
};

/// Text to ids and back, equal to the source checkpoint's tokenizer.
/// Immutable after opening; any number of threads may use one.
class Tokenizer {
 public:
  /// Longest input of one Encode call, in bytes.
  static constexpr size_t kMaxTextBytes = size_t{1} << 30;

  /// Appends the ids of `text` to `out`. Invalid UTF-8 is replaced by U+FFFD as
  /// Hugging Face's callers do before they encode.
  /// Cost: linear in the text, also for one huge word.
  /// Errors: kOutOfMemory, kLimit. Ids appended before the error are taken back.
  Status Encode(std::string_view text, const EncodeOptions& options, TokenBuffer* out) const;

  /// The token as the model has it. In byte-level BPE that is what it decodes to,
  /// possibly part of a UTF-8 character; in the other kinds it is text that the decoder
  /// may change: U+2581 for a space, "<0x0A>" for a byte. Empty if `id` is out of range.
  /// Points into the model.
  std::string_view TokenBytes(int32_t id) const;

  bool IsSpecial(int32_t id) const;  ///< a control token such as <|im_end|>
  bool IsStop(int32_t id) const;     ///< generation ends here
  uint32_t vocab() const;
  uint32_t longest_token() const;  ///< bytes

  struct Impl;
  explicit Tokenizer(std::unique_ptr<Impl> impl);
  Tokenizer(Tokenizer&&) noexcept;
  Tokenizer& operator=(Tokenizer&&) noexcept;
  ~Tokenizer();
  const Impl& impl() const { return *impl_; }

 private:
  std::unique_ptr<Impl> impl_;
};

/// Ids to text, one id at a time, whole characters only.
///
/// Push returns the text that became certain: bytes of an unfinished UTF-8
/// character are held back until it is complete, and one that never completes
/// becomes U+FFFD, as Hugging Face's decode does. A run of byte tokens ("<0x0A>") is
/// held back as a whole, since each of its bytes becomes U+FFFD if any is wrong (up to
/// 2048 bytes; of a longer run the first characters are handed out). Concatenated pieces
/// plus Finish equal the decoding of all ids at once. Allocates nothing.
class TextDecoder {
 public:
  /// `storage` must hold StorageBytes(tokenizer); borrowed, like `tokenizer`.
  TextDecoder(const Tokenizer& tokenizer, std::span<char> storage, bool skip_special);

  /// Valid until the next call. Empty for skipped and for unknown ids.
  std::string_view Push(int32_t id);
  /// What was still held back. The decoder is then as new.
  std::string_view Finish();
  void Reset();

  /// Room for the longest piece, and for a run of byte tokens.
  static size_t StorageBytes(const Tokenizer& tokenizer);

  static constexpr size_t kMaxSteps = 16;  ///< of a tokenizer's decoder

 private:
  class Flow;
  // Where one step of the decoder stands.
  struct Step {
    uint16_t matched = 0;   // bytes of what it looks for, not handed on
    bool later = false;     // not at the start (of the text, of a token) any more
    uint32_t stripped = 0;  // characters taken from the start
    uint32_t pending = 0;   // and those that may be the end
  };
  // The token that a byte_fallback step sees, and the run of bytes before it.
  struct Bytes {
    uint8_t token_size = 0;  // up to one more than a byte token has
    char token[6] = {};
    uint32_t run_size = 0;   // bytes of the run in storage_
    uint8_t unfinished = 0;  // of them, those of a character that is not complete
    bool broken = false;     // the run has a byte too many or too few
    bool committed = false;  // its start has been handed out
  };

  const Tokenizer* tokenizer_;
  std::span<char> storage_;
  bool skip_special_;
  bool later_ = false;  ///< a token has come
  uint8_t held_ = 0;    ///< bytes of an unfinished character
  char hold_[8] = {};
  Step steps_[kMaxSteps] = {};
  Bytes bytes_;
};

}  // namespace quanta
