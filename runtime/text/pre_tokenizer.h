// SPDX-License-Identifier: MIT
#pragma once

#include <span>
#include <string_view>

#include "quanta/status.h"
#include "runtime/format/model_view.h"
#include "runtime/text/grow_buffer.h"

namespace quanta::text {

/// Where the first piece of [p, end) ends, p < end: what the family's regular
/// expression would match there. The text is valid UTF-8. Cost: that of the piece.
///
///   gpt2:   's|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+
///   cl100k: (?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,max_digits}|
///           ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+
/// Llama 3 allows 3 digits, Qwen 2 one.
///
/// byte_words, of QuantaTissu's C++ core, goes by bytes and may end inside a character:
///   's|'t|'re|'ve|'m|'ll|'d|[A-Za-z\xC2\xC3\x80-\xBF]+|[0-9]+|[ \t\n\r]+|.
const char* ScanGpt2(const char* p, const char* end);
const char* ScanCl100k(const char* p, const char* end, int max_digits);
const char* ScanByteWords(const char* p, const char* end);

/// Cuts text into the pieces that a model encodes each by itself.
class PreTokenizerChain {
 public:
  /// Each step may cut what the one before it left. More would be no tokenizer.
  static constexpr size_t kMaxSteps = 8;

  /// Receives the pieces in order. A piece is valid during the call.
  using Sink = Status (*)(void* context, std::string_view piece);

  /// `steps` must outlive the chain. Errors: kUnsupported, kCorrupt.
  static Result<PreTokenizerChain> Create(std::span<const format::PreTokenizer> steps,
                                          ErrorDetail* detail);

  /// The buffers of one caller; reused from text to text.
  struct Scratch {
    TextBuffer prefixed[kMaxSteps];
  };

  /// Cuts `text`, which is valid UTF-8. `first`: it is the start of a whole text, as
  /// opposed to what comes after an added token. Errors: the sink's, kOutOfMemory.
  Status Split(std::string_view text, bool first, Scratch* scratch, Sink sink, void* context) const;

 private:
  struct Run;
  explicit PreTokenizerChain(std::span<const format::PreTokenizer> steps) : steps_(steps) {}
  std::span<const format::PreTokenizer> steps_;
};

}  // namespace quanta::text
