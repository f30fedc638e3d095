// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "tiss_lite/syntax/source.h"

namespace quanta::lite {

/// A statement of a script that may not be complete.
struct DraftStatement {
  Span word;        ///< the keyword, "@name", or the name of a binding
  Span span;        ///< from the word to where the statement ends; a block is not part of it
  int parent = -1;  ///< the statement in whose block it stands; -1: the top level
  int depth = 0;    ///< how many blocks it stands in
  bool has_block = false;
  bool closed = false;  ///< the block has an end
  Span block;           ///< from the "{", or where it would be, to after the "}"
};

/// A string or the lines of a heredoc.
struct DraftText {
  Span span;  ///< of a string with its quotes, of a heredoc without its tag lines
  int statement = -1;
  bool interpolated = true;  ///< `{{name}}` in it stands for a value
  bool heredoc = false;
  bool closed = true;  ///< its quote or its tag is there
  Span tag;            ///< of a heredoc
};

/// A variable, where it is set or used.
struct DraftName {
  Span span;
  int statement = -1;
  bool sets = false;
};

/// What stands where in a script that is being written: read without a grammar, so that an
/// unfinished statement says nothing about those after it. For a script that parses it agrees
/// with the parser's tree. All lists are in the order of the text.
struct Draft {
  std::vector<DraftStatement> statements;
  std::vector<DraftText> texts;
  std::vector<DraftName> names;
  std::vector<Span> comments;

  /// The last statement that begins at or before `offset` and does not end before it; -1 if
  /// there is none.
  int StatementAt(uint32_t offset) const;
  /// The statement whose block is the innermost around `offset`; -1: the top level.
  int BlockAt(uint32_t offset) const;
  /// The text in which a character typed at `offset` would stand; null if none.
  const DraftText* TextAt(uint32_t offset) const;
  /// True if a character typed at `offset` would be part of a comment.
  bool InComment(uint32_t offset) const;
};

/// Takes time linear in the size of the source.
Draft ReadDraft(const Source& source);

/// Whether `word` begins a statement or, like ELSE, what follows a block.
bool BeginsStatement(std::string_view word);

}  // namespace quanta::lite
