// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "converter/progress.h"
#include "runtime/format/model_view.h"
#include "train_host/tokenizer/word_counter.h"

namespace quanta::train {

struct BpeOptions {
  /// Of the vocabulary: special tokens, 256 bytes, then what merges make.
  uint32_t vocabulary = 0;
  /// Pairs that occur less often in the corpus are not merged.
  uint64_t min_frequency = 2;
  /// Their ids come first. Their texts may be met in the corpus like any others.
  std::vector<std::string> special_tokens = {};
};

struct Bpe {
  /// By id, the bytes a token stands for.
  std::vector<std::string> tokens;
  /// In the order in which they apply.
  std::vector<format::Merge> merges;
  /// Tokens that the corpus becomes.
  uint64_t corpus_tokens = 0;
};

/// Learns byte-level BPE: merges, again and again, the most frequent pair of neighbouring
/// tokens within the words; of equally frequent ones that with the lower left, then the
/// lower right id.
///
/// The result equals that of Hugging Face's BpeTrainer with ByteLevel's alphabet, also in
/// what follows from how that one keeps its books: where a merge makes a token that another one
/// has made before, occurrences of its pairs that come to light later are merged later, and
/// such a pair has the rank of its last merge. Neither the order of `words` nor anything else
/// but the counts matters.
///
/// Stops early if no pair is frequent enough. Throws converter::Error(kCancelled,
/// kInvalidArgument: the vocabulary does not hold what is always in it).
Bpe TrainBpe(std::span<const WordCount> words, const BpeOptions& options,
             converter::Progress* progress);

}  // namespace quanta::train
