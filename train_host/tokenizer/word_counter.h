// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "converter/progress.h"
#include "runtime/format/model_view.h"

namespace quanta::train {

/// A piece that the pre-tokenizer cuts, and how often it does.
struct WordCount {
  std::string_view word;
  uint64_t count;
};

/// A place in `text` from `from` on where the patterns of GPT-2, Llama 3 and Qwen 2 (also behind
/// cuts at digits or spaces) cut whatever surrounds it, so that the text may be cut in two there
/// beforehand with the same pieces: text.size() if there is none. Needs UTF-8.
///
/// It is before a space that follows a visible character and is followed by one, or behind
/// a newline with such neighbours.
size_t SafeCut(std::string_view text, size_t from);

/// Cuts `texts` (UTF-8) into pieces by `steps`, which are among the patterns that SafeCut is
/// about, and counts these, on `threads` threads. The words point into the texts; their
/// order is not specified.
/// Throws converter::Error(kCancelled, kOutOfMemory, kUnsupported).
std::vector<WordCount> CountWords(std::span<const std::string_view> texts,
                                  std::span<const format::PreTokenizer> steps, int threads,
                                  converter::Progress* progress);

}  // namespace quanta::train
