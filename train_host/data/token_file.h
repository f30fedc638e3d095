// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "runtime/platform/platform.h"
#include "train_host/data/documents.h"
#include "train_host/data/tokenizer.h"

namespace quanta::train {

/// Documents as ids, mapped from disk:
///   header (64 bytes): "QTOKENS1", u64 documents, u64 tokens, u64 text bytes, u64 fingerprint,
///   u64 vocab, zeros; u32 token[tokens]; at the next multiple of 8 u64 begin[documents + 1].
/// Little-endian. The highest bit of a token says that it is read but not predicted.
class TokenFile {
 public:
  static constexpr uint32_t kNotLearned = uint32_t{1} << 31;

  /// Checks everything in it, once. Throws converter::Error.
  explicit TokenFile(const std::string& path);

  size_t documents() const { return begins_.size() - 1; }
  uint64_t tokens() const { return tokens_.size(); }
  uint64_t text_bytes() const { return text_bytes_; }
  uint64_t fingerprint() const { return fingerprint_; }
  uint32_t vocab() const { return vocab_; }
  std::span<const uint32_t> document(size_t index) const {
    return tokens_.subspan(begins_[index], begins_[index + 1] - begins_[index]);
  }
  uint64_t begin(size_t index) const { return begins_[index]; }
  std::span<const uint32_t> all() const { return tokens_; }

 private:
  void Check(const std::string& path) const;

  platform::MappedFile file_;
  std::span<const uint32_t> tokens_;
  std::span<const uint64_t> begins_;
  uint64_t text_bytes_ = 0, fingerprint_ = 0;
  uint32_t vocab_ = 0;
};

struct TokenSource {
  std::vector<std::string> paths;
  std::string separator;
};

/// What a token file of these texts and this tokenizer has as fingerprint. Reads the texts.
uint64_t TokenFingerprint(const TokenSource& source, const TrainTokenizer& tokenizer);

/// Encodes the documents of all paths and writes them to `output`, which appears complete or not
/// at all. A document is what the tokenizer puts before a text, its pieces, and the end token if
/// there is one. `advance` is told of every document's text bytes; it may throw.
/// Memory: a document, and 8 bytes for each.
/// Throws converter::Error: kCorrupt (no documents; what ReadDocuments throws), kNoSpace.
void WriteTokenFile(const TokenSource& source, const TrainTokenizer& tokenizer,
                    uint64_t fingerprint, const std::string& output,
                    const std::function<void(uint64_t bytes)>& advance);

}  // namespace quanta::train
