// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace quanta::converter {

enum class TagKind { kExpression, kBlock, kComment };

/// A piece of a template.
struct Tag {
  TagKind kind = TagKind::kExpression;
  std::string text;  ///< before the tag, white space control carried out
  std::string code;  ///< inside of it; empty for comments
};

struct TagList {
  std::vector<Tag> tags;
  std::string tail;  ///< text after the last tag
};

/// Takes a template apart, as Jinja does under transformers' settings (trim_blocks,
/// lstrip_blocks, no trailing line end).
/// Throws ChatError: kCorrupt (not UTF-8, unterminated tag or string), kLimit (too long, or
/// brackets nested too deeply).
TagList SplitTags(std::string_view source);

/// The end of a string literal that starts at `start`, behind its closing quote.
/// Throws ChatError (kCorrupt).
size_t SkipString(std::string_view code, size_t start);

}  // namespace quanta::converter
