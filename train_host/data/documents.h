// SPDX-License-Identifier: MIT
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "runtime/format/model_view.h"

namespace quanta::train {

/// A part of a document. Texts of parts are encoded one by one.
struct Piece {
  std::string text;
  bool learn = true;  ///< its tokens are predicted; else only read
};

using Document = std::vector<Piece>;
using DocumentSink = std::function<void(const Document&)>;

struct DocumentOptions {
  /// A text file is cut where this stands; empty: it is one document.
  std::string separator = {};
  /// How conversations are written; null: there is no template.
  const format::ChatTemplate* chat = nullptr;
};

/// Hands over the documents of a file, in order. By the name:
///   *.jsonl: a JSON object a line, empty lines aside:
///       {"text": "..."}                         all of it is learnt
///       {"prompt": "...", "answer": "..."}      the answer is learnt
///       {"messages": [{"role": "user", "content": "..."}, ...]}  the assistant's words are
///     Other keys are left alone. Prompt and answer are a conversation where there is a chat
///     template, else one text behind the other. Messages need a template.
///   others: text.
/// Memory: the file is mapped, a document is in memory.
/// Throws converter::Error naming the file and the line: kCorrupt for what is not UTF-8, not JSON
/// or of none of these forms.
void ReadDocuments(const std::string& path, const DocumentOptions& options,
                   const DocumentSink& sink);

}  // namespace quanta::train
