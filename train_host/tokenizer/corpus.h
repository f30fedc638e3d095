// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <deque>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "converter/progress.h"
#include "runtime/platform/platform.h"

namespace quanta::train {

struct CorpusOptions {
  /// Each line, its end included, is a text of its own; else a file is one text.
  bool lines = false;
  /// Of the objects in .jsonl files: whose values are texts.
  std::vector<std::string> keys = {"text", "prompt", "answer"};
};

/// The texts to learn from. Plain files are mapped, not read; the texts point into them.
class Corpus {
 public:
  /// A file whose name ends in .jsonl holds a JSON object a line; each of them must have one
  /// of the keys at least, with a text as its value. Any other file is plain text. Files
  /// without text are skipped.
  /// Throws converter::Error: kNotFound, kIo, kCorrupt (not UTF-8, with the line; not JSON; no
  /// text in all files together), kCancelled.
  Corpus(const std::vector<std::string>& paths, const CorpusOptions& options,
         converter::Progress* progress);
  Corpus(const Corpus&) = delete;
  Corpus& operator=(const Corpus&) = delete;

  /// Not empty, none of them empty, all of them UTF-8.
  std::span<const std::string_view> texts() const { return texts_; }
  uint64_t bytes() const { return bytes_; }  ///< of all texts

 private:
  void AddFile(const std::string& path, const CorpusOptions& options);
  void AddLines(std::string_view text);
  void AddObjects(std::string_view text, const std::string& path, const CorpusOptions& options);
  void Add(std::string_view text);

  std::vector<platform::MappedFile> files_;
  std::deque<std::string> values_;  // of JSON; a deque leaves them where they are
  std::vector<std::string_view> texts_;
  uint64_t bytes_ = 0;
};

}  // namespace quanta::train
