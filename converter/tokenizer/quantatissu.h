// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "converter/tokenizer/tables.h"

namespace quanta::converter {

/// How a program of QuantaTissu cuts texts before it merges: the same files give other
/// ids in the other one.
enum class TissuWords : uint8_t {
  kPython,  ///< GPT-2's pattern
  kCore,    ///< by bytes, without leading space (format::PreTokenizerKind::kByteWords)
};

/// "python" or "core". Throws Error(kInvalidArgument).
TissuWords ParseTissuWords(std::string_view name);

/// The texts of a tokenizer's two files, which are called PREFIX_vocab.json and
/// PREFIX_merges.txt in messages.
struct TissuTokenizerTexts {
  std::string prefix;
  std::string_view vocab, merges;
};

/// Reads a tokenizer that QuantaTissu trained, for a model of `vocab` embeddings: the pair
/// PREFIX_vocab.json (the bytes of each id) and PREFIX_merges.txt (merges in rank order: two
/// ids, and in files of the Python program the id they become).
/// `words`: the program that the model belongs to. Unless `said`, merges with two columns
/// under the Python program, or with three under the C++ core, are an error: it is not known
/// which program's words the tokenizer was trained on.
/// Throws Error.
TokenizerTables ReadTissuTokenizer(const TissuTokenizerTexts& texts, TissuWords words, bool said,
                                   uint32_t vocab);
/// The same from files: `path` is the prefix, one of the two, or a folder that holds one
/// such pair.
TokenizerTables ReadTissuTokenizer(const std::string& path, TissuWords words, bool said,
                                   uint32_t vocab);

}  // namespace quanta::converter
