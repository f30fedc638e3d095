// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "converter/progress.h"
#include "converter/tokenizer/tables.h"
#include "converter/tokenizer/write_tokenizer_json.h"
#include "train_host/tokenizer/bpe_trainer.h"
#include "train_host/tokenizer/corpus.h"

namespace quanta::train {

struct TokenizerOptions {
  std::vector<std::string> files;
  CorpusOptions corpus;
  BpeOptions bpe;
  /// How texts are cut into the words that merges stay within: gpt2, llama3, qwen2.
  std::string pre_tokenizer = "gpt2";
  /// Before that: each digit is a word of its own.
  bool split_digits = false;
  /// Before that: each run of spaces is a word of its own, so that a word is the same token behind
  /// a space, a quote or at the start.
  bool split_spaces = false;
  /// Of the special tokens: what begins and ends a text; empty: nothing does.
  std::string bos, eos;
  int threads = 1;
};

/// What was made of what.
struct TokenizerReport {
  uint32_t vocabulary = 0, special_tokens = 0;
  size_t merges = 0;
  uint64_t files = 0, texts = 0, bytes = 0;
  uint64_t words = 0, different_words = 0;
  uint64_t tokens = 0;  ///< that the texts become
};

/// Learns a tokenizer. Throws converter::Error.
converter::TokenizerTables MakeTokenizer(const TokenizerOptions& options, TokenizerReport* report,
                                         converter::Progress* progress);

/// The files of a Hugging Face folder that say `tables`. They have been read again, so that
/// what takes them later does. Throws converter::Error.
converter::TokenizerFiles WriteFiles(const converter::TokenizerTables& tables);

}  // namespace quanta::train
